import { expect, test } from 'bun:test';
import { NOTHING, NOT_READ, united, withNewest, withOlder, type Kind, type Page } from './pages.ts';

interface Row {
  readonly id: number;
  readonly version: number;
}

const kind: Kind<Row> = {
  idOf: ({ id }) => String(id),
  compare: (one, other) => other.id - one.id,
  later: (known, read) => (read.version > known.version ? read : known),
};

const page = (ids: readonly number[], cursor: string | null, version = 1): Page<Row> => ({
  items: ids.map((id) => ({ id, version })),
  next_cursor: cursor,
});
const ids = ({ rows }: { readonly rows: readonly Row[] }) => rows.map(({ id }) => id);

test('a newer first page goes before what was loaded, which keeps its end', () => {
  const two = withOlder(withNewest(kind, NOTHING, page([9, 8, 7], 'after 7')), page([6, 5], 'after 5'));
  const part = withNewest(kind, two, page([11, 10, 9], 'after 9'));
  expect(ids(part)).toEqual([11, 10, 9, 8, 7, 6, 5]);
  expect(part.older).toBe('after 5');
});

test('what is too far away to be reached is let go: a list has no holes', () => {
  const part = withNewest(kind, withNewest(kind, NOTHING, page([3, 2, 1], null)), page([9, 8, 7], 'after 7'));
  expect(ids(part)).toEqual([9, 8, 7]);
  expect(part.older).toBe('after 7');
});

test('what is not in the newest page any more, though it would have its place there, is gone', () => {
  const part = withNewest(
    kind,
    withNewest(kind, NOTHING, page([9, 8, 7, 6], 'after 6')),
    page([9, 7], 'after 7'),
  );
  expect(ids(part)).toEqual([9, 7, 6]);
});

test('a page that is the whole list replaces it', () => {
  const part = withNewest(kind, withNewest(kind, NOTHING, page([9, 8], 'after 8')), page([9], null));
  expect(ids(part)).toEqual([9]);
  expect(part.older).toBeNull();
});

test('a row that did not change stays the same object, and an older look at it is not believed', () => {
  const part = withNewest(kind, NOTHING, page([2, 1], null, 5));
  expect(withNewest(kind, part, page([2, 1], null, 4)).rows).toEqual(part.rows);
  expect(withNewest(kind, part, page([2], null, 6)).rows).toEqual([{ id: 2, version: 6 }]);
});

test('what was found stands between the newest, each row once', () => {
  const newest = withNewest(kind, NOTHING, page([9, 8, 7], 'after 7'));
  const found = { query: 'q', ...withNewest(kind, NOTHING, page([8, 3], null, 2)) };
  const rows = united(kind, { ...NOT_READ, newest, found });
  expect(rows).toEqual([
    { id: 9, version: 1 },
    { id: 8, version: 2 },
    { id: 7, version: 1 },
    { id: 3, version: 2 },
  ]);
});
