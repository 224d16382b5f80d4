import { describe, expect, test } from 'bun:test';
import { Type } from '@sinclair/typebox';
import { span } from '../look/span.ts';
import { fieldsOf } from './fields.ts';
import { openOut, type Format, type Shape } from './output.ts';

interface Lamp {
  readonly id: number;
  readonly name: string;
  readonly made: { readonly at: string; readonly by: string | null };
}

const Lamp = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  made: Type.Union([Type.Object({ at: Type.String(), by: Type.Null() }), Type.Null()]),
});
const SHAPE: Shape<Lamp> = {
  id: 'id',
  fields: fieldsOf(Lamp),
  columns: [
    { field: 'id', title: 'Lamp', align: 'right' },
    { field: 'name', title: 'Name', cell: ({ name }) => span(name, 'good') },
    { field: 'made.at', title: 'Made' },
  ],
};
const LAMPS: readonly Lamp[] = [
  { id: 7, name: 'Desk', made: { at: '2026-11-26T18:00:00.000Z', by: null } },
  { id: 12, name: '\u001b[31mred\u0007', made: { at: 'long ago', by: 'ann' } },
];

function printed(
  format: Partial<Format>,
  paper: { isTty?: boolean; isColored?: boolean; columns?: number } = {},
  lamps = LAMPS,
) {
  let text = '';
  const { isTty = false, isColored = false, columns = 80 } = paper;
  const write = (more: string) => void (text += more);
  const out = openOut(
    SHAPE,
    { kind: 'table', fields: null, ...format },
    { isTty, isColored, isAscii: false, columns, write },
  );
  out.list(lamps);
  return text;
}

test('fields are those of the contract, with the parts of objects', () => {
  expect(fieldsOf(Lamp)).toEqual(['id', 'name', 'made', 'made.at', 'made.by']);
});

describe('a table', () => {
  test('has its columns in line, times for people, and no command to the terminal', () => {
    expect(printed({})).toBe(
      ['Lamp  Name     Made', '   7  Desk     2026-11-26 18:00:00', '  12  red\\x07  long ago', ''].join(
        '\n',
      ),
    );
  });

  test('of nothing has its titles', () => {
    expect(printed({}, {}, [])).toBe('Lamp  Name  Made\n');
    expect(printed({ kind: 'json' }, {}, [])).toBe('[]\n');
  });

  test('is cut where a terminal ends, and never in a pipe', () => {
    expect(printed({}, { isTty: true, columns: 18 }).split('\n')[1]).toBe('   7  Desk     20…');
    expect(printed({}, { columns: 18 })).toContain('18:00:00');
  });

  test('has colours only where they are wanted', () => {
    expect(printed({}, { isColored: true })).toContain('\u001b[32mDesk\u001b[0m');
    expect(printed({}, { isTty: true })).not.toContain('\u001b');
  });

  test('has the fields that are asked for, in their order', () => {
    expect(printed({ fields: ['made.by', 'id'] })).toBe(
      ['made.by  Lamp', '-           7', 'ann        12', ''].join('\n'),
    );
  });

  test('of a stream stays in line', () => {
    let text = '';
    const write = (more: string) => void (text += more);
    const paper = { isTty: false, isColored: false, isAscii: false, columns: 80, write };
    const out = openOut(SHAPE, { kind: 'table', fields: null }, paper);
    for (const lamp of [...LAMPS, ...LAMPS]) out.next(lamp);
    expect(text.split('\n').filter((line) => line.includes('Lamp'))).toHaveLength(1);
    expect(text).toContain('   7  Desk     2026-11-26 18:00:00\n  12');
  });
});

describe('for programs', () => {
  test('JSON is what the API tells, or the fields that are asked for', () => {
    expect(JSON.parse(printed({ kind: 'json' }))).toEqual(LAMPS);
    expect(JSON.parse(printed({ kind: 'json', fields: ['name', 'made.by'] }))).toEqual([
      { name: 'Desk', 'made.by': null },
      { name: '\u001b[31mred\u0007', 'made.by': 'ann' },
    ]);
    expect(printed({ kind: 'ndjson', fields: ['id'] })).toBe('{"id":7}\n{"id":12}\n');
  });

  test('quiet is what identifies each', () => {
    expect(printed({ kind: 'quiet' })).toBe('7\n12\n');
  });
});
