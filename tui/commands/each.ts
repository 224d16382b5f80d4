/** The same change of several things. */

import { isUnanswered, refusalWords, type Answer } from '../api.ts';
import type { ChangeHeaders } from '../change-headers.ts';
import { safe } from '../look/text.ts';
import type { There } from './command.ts';
import { Refused } from './endings.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import type { Flags, Words } from './taken.ts';

/**
 * What is refused of one does not keep the others from it; that nobody answers does.
 * @returns the exit code, of the first that was refused
 * @throws Refused when nobody answers, after what was done is shown
 */
export async function changeEach<Row>(
  { change, out, say }: Pick<There<Row, Words, Flags>, 'change' | 'out' | 'say'>,
  ids: readonly string[],
  send: (id: string, headers: ChangeHeaders) => Promise<Answer<Row>>,
): Promise<number> {
  const done: Row[] = [];
  let exitCode: number = EXIT.ok;
  try {
    for (const id of ids) {
      try {
        done.push(await change((headers) => send(id, headers)));
      } catch (error) {
        if (!(error instanceof Refused) || isUnanswered(error.refusal)) throw error;
        say(safe(`${id}: ${refusalWords(error.refusal)}`));
        if (exitCode === EXIT.ok) exitCode = exitCodeOf(error.refusal.code);
      }
    }
  } finally {
    if (done.length > 0) out.list(done);
  }
  return exitCode;
}
