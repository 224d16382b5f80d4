/** Asks before what cannot be taken back. */

import type { Io } from './command.ts';
import { Ending, UsageFault } from './endings.ts';
import { EXIT } from './exit-codes.ts';

/**
 * @param tells what will happen, in sentences @param word what has to be typed
 * @throws Ending when the answer is no, UsageFault when nobody can be asked
 */
export async function confirm(
  { input, err }: Io,
  isSure: boolean,
  tells: readonly string[],
  word = 'yes',
): Promise<void> {
  if (isSure) return;
  if (!input.isTty || !err.isTty) {
    throw new UsageFault(
      `${tells.join('\n')}\nThis is asked for, and there is no terminal to ask on: --yes says yes.`,
    );
  }
  err.write(tells.map((line) => `${line}\n`).join(''));
  const said = await input.line(`Type ${word} to do it: `);
  if (said?.trim() !== word) throw new Ending(EXIT.failed, 'Nothing was done.');
}
