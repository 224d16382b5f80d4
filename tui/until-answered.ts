/** Changes over a network that fails. */

import { CHANGE_ATTEMPTS_MAX } from '@flash-sale/shared/terminal-limits.ts';
import { isUnanswered, type Answer } from './api.ts';

/** Sends it again while nobody answers, under the same key: however often it arrives, it is done once. */
export async function sendUntilAnswered<Data>(
  send: (headers: { 'idempotency-key': string }) => Promise<Answer<Data>>,
  key: string = crypto.randomUUID(),
  ended?: AbortSignal,
): Promise<Answer<Data>> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send({ 'idempotency-key': key });
    const isOpen = !answer.ok && isUnanswered(answer) && ended?.aborted !== true;
    if (!isOpen || attempt >= CHANGE_ATTEMPTS_MAX) return answer;
    await Bun.sleep(500 * attempt);
  }
}
