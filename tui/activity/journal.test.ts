import { expect, test } from 'bun:test';
import { JOURNAL_ROWS_MAX } from '@flash-sale/shared/terminal-limits.ts';
import { addEntry, closeEntry, EMPTY_JOURNAL, type JournalEntry } from './journal.ts';

const entry = (id: string, state: JournalEntry['state']): JournalEntry => ({
  id,
  atMs: 0,
  what: `Do ${id}`,
  state,
  result: '',
});

test('a change that was made counts for as long as the terminal is open, however much is said after it', () => {
  const done = closeEntry(addEntry(EMPTY_JOURNAL, entry('a', 'sending')), 'a', {
    state: 'done',
    result: 'made',
  });
  const later = Array.from({ length: JOURNAL_ROWS_MAX }, (_, index) => String(index)).reduce(
    (journal, id) => addEntry(journal, entry(id, 'said')),
    closeEntry(addEntry(done, entry('b', 'sending')), 'b', { state: 'refused', result: 'no' }),
  );
  expect(later.entries).toHaveLength(JOURNAL_ROWS_MAX);
  expect(later.entries.some(({ id }) => id === 'a')).toBe(false);
  expect(later.changesMade).toBe(1);
});
