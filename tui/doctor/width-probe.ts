/** How wide the terminal draws a character: it is drawn, and the terminal is asked where its cursor is. */

import { CURSOR_ANSWER_MAX_MS } from '@flash-sale/shared/terminal-limits.ts';

/** What is needed of a terminal's two ends. */
export interface Tty {
  readonly input: Pick<NodeJS.ReadStream, 'on' | 'off' | 'setRawMode' | 'resume' | 'pause'>;
  readonly output: { write(text: string): unknown };
}

const REPORT = new RegExp(String.raw`\x1b\[\d+;(\d+)R`);

/** @returns cells of each text, in order; null: the terminal does not say where its cursor is */
export async function measureWidths(
  texts: readonly string[],
  { input, output }: Tty,
  patienceMs = CURSOR_ANSWER_MAX_MS,
): Promise<number[] | null> {
  input.setRawMode(true);
  input.resume();
  try {
    const widths: number[] = [];
    for (const text of texts) {
      const column = await askColumn({ input, output }, text, patienceMs);
      if (column === null) return null;
      widths.push(column - 1);
    }
    return widths;
  } finally {
    // Nothing of it stays to be seen.
    output.write('\r\x1b[K');
    input.setRawMode(false);
    input.pause();
  }
}

async function askColumn({ input, output }: Tty, text: string, patienceMs: number): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let heard = '';
  const hear = (bytes: Buffer | string) => {
    heard += String(bytes);
    const column = REPORT.exec(heard)?.[1];
    if (column !== undefined) resolve(Number(column));
  };
  const timer = setTimeout(() => resolve(null), patienceMs);
  input.on('data', hear);
  output.write(`\r\x1b[K${text}\x1b[6n`);
  const column = await promise;
  input.off('data', hear);
  clearTimeout(timer);
  return column;
}
