/** What this operator did here, and everything that the terminal had to say. */

import type { Column } from '../list/columns.ts';
import { whenColumn } from '../list/time-columns.ts';
import { BLANK, fact, title } from '../look/facts.ts';
import { dateTime } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { plain, span, type Line, type Span } from '../look/span.ts';
import { safe, wrapText } from '../look/text.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import type { State } from '../state/state.ts';
import { isAct, type EntryState, type Journal, type JournalEntry } from './journal.ts';

const WORDS: Readonly<Record<EntryState, Span>> = {
  sending: span(`${GLYPHS.stale} sending`, 'accent'),
  done: span(`${GLYPHS.ok} done`, 'good'),
  refused: span(`${GLYPHS.no} refused`, 'warn'),
  unknown: span('? unknown', 'warn'),
  said: span('· said', 'dim'),
  warned: span('! warned', 'warn'),
};

const COLUMNS: readonly Column<JournalEntry>[] = [
  whenColumn(({ atMs }) => atMs),
  {
    name: 'state',
    title: 'State',
    width: 9,
    priority: 0,
    cell: ({ state }) => WORDS[state],
    sortBy: ({ state }) => state,
  },
];

const MINE: readonly Column<JournalEntry>[] = [
  ...COLUMNS,
  { name: 'what', title: 'What', width: 26, grows: 1, priority: 0, cell: ({ what }) => safe(what) },
  { name: 'result', title: 'Result', width: 20, grows: 2, priority: 0, cell: ({ result }) => safe(result) },
];

const LOG: readonly Column<JournalEntry>[] = [
  ...COLUMNS,
  { name: 'what', title: 'What', width: 30, grows: 1, priority: 0, cell: (entry) => safe(wordsOf(entry)) },
];

function wordsOf({ what, result }: JournalEntry): string {
  return result === '' ? what : `${what}: ${result}`;
}

const shared = {
  idOf: ({ id }: JournalEntry) => id,
  fields: ({ state, what, result }: JournalEntry) => ({ state, what, result }),
  detail,
  copies: (entry: JournalEntry) => [{ what: 'text', text: wordsOf(entry) }],
  sentence: (_frame: Frame, entry: JournalEntry) =>
    `${dateTime(entry.atMs)}, ${entry.state}: ${wordsOf(entry)}`,
};

let latest: { journal: Journal; acts: readonly JournalEntry[] } | undefined;

function acts({ journal }: State): readonly JournalEntry[] {
  if (latest?.journal !== journal) latest = { journal, acts: journal.entries.filter(isAct) };
  return latest.acts;
}

export const mineView: View<JournalEntry> = {
  ...shared,
  name: 'mine',
  title: 'Done here',
  rows: acts,
  columns: MINE,
  empty: () => 'You changed nothing yet. Tab: what all operators did, and what was said here.',
};

export const logView: View<JournalEntry> = {
  ...shared,
  name: 'log',
  title: 'Log of this terminal',
  rows: ({ journal }) => journal.entries,
  columns: LOG,
  empty: () => 'Nothing was said yet.',
};

function detail(_frame: Frame, entry: JournalEntry, width: number): Line[] {
  return [
    [WORDS[entry.state]],
    BLANK,
    ...wrapText(safe(entry.what), width).map(plain),
    ...(entry.result === '' ? [] : fact('result', entry.result, width)),
    ...fact('when', dateTime(entry.atMs), width),
    ...whatToDo(entry, width),
  ];
}

function whatToDo({ state }: JournalEntry, width: number): Line[] {
  if (state !== 'unknown') return [];
  const says = [
    'Nobody answered, so it was done or it was not. The terminal sent it again and again, as one and the same request.',
    'Once the API answers again, a asks again for the same: it is done now, or it was done before. Tab shows the audit log, where it is once.',
  ];
  return [
    BLANK,
    title('What to do'),
    ...says.flatMap((sentence) => wrapText(sentence, width).map((text) => plain(text))),
  ];
}
