/**
 * The keyboard as Ink reads it: mouse reports are taken out on the way, because Ink does not know them, and
 * focus reports, which another program may have left on.
 */

import { PassThrough } from 'node:stream';

/** Cells, counted from 0. */
export interface MouseEvent {
  readonly kind: 'wheel-up' | 'wheel-down' | 'press';
  readonly column: number;
  readonly row: number;
}

/** What is needed of the real stdin. Nobody else may read it: a second reader takes keys away. */
export type TtySource = Pick<NodeJS.ReadStream, 'on' | 'setRawMode' | 'ref' | 'unref'>;

const ESC = '\x1b';
const REPORT = new RegExp(String.raw`${ESC}\[(?:<(\d+);(\d+);(\d+)([Mm])|[IO])`, 'g');
/** No key begins like this, so its end is waited for as long as it takes. */
const UNFINISHED_MOUSE = new RegExp(String.raw`${ESC}\[<[\d;]*$`);
/** This may be the escape key as well, so it waits for a moment only. */
const UNFINISHED = new RegExp(String.raw`${ESC}\[?$`);
const PATIENCE_MS = 10;

const SHIFT_ALT_CTRL = 4 | 8 | 16;
const KINDS = new Map<number, MouseEvent['kind']>([
  [0, 'press'],
  [64, 'wheel-up'],
  [65, 'wheel-down'],
]);

/** A stream for Ink's `stdin` option, which it takes for a terminal. */
export function openTtyIn(onMouse: (event: MouseEvent) => void, source: TtySource = process.stdin) {
  const keys = new PassThrough();
  let held = '';
  let patience: ReturnType<typeof setTimeout> | undefined;

  const forward = (text: string): void => {
    if (text) keys.write(Buffer.from(text, 'latin1'));
  };

  source.on('data', (chunk: Buffer | string) => {
    clearTimeout(patience);
    // latin1 keeps every byte as it is: a character may be split between two chunks.
    const text = held + Buffer.from(chunk as Buffer).toString('latin1');
    const rest = text.replace(REPORT, (_, ...groups: (string | undefined)[]) => {
      tell(onMouse, groups);
      return '';
    });
    held = (UNFINISHED_MOUSE.exec(rest) ?? UNFINISHED.exec(rest))?.[0] ?? '';
    forward(rest.slice(0, rest.length - held.length));
    if (!UNFINISHED.test(held)) return;
    patience = setTimeout(() => {
      forward(held);
      held = '';
    }, PATIENCE_MS);
  });

  return Object.assign(keys, {
    isTTY: true,
    setRawMode: (isRaw: boolean) => source.setRawMode(isRaw),
    ref: () => source.ref(),
    unref: () => source.unref(),
  });
}

type Groups = readonly (string | undefined)[];

function tell(onMouse: (event: MouseEvent) => void, [button, column, row, ending]: Groups): void {
  const kind = KINDS.get(Number(button) & ~SHIFT_ALT_CTRL);
  // 'm' is the button let go; a focus report has no ending.
  if (kind && ending === 'M') onMouse({ kind, column: Number(column) - 1, row: Number(row) - 1 });
}
