/** What waits for one consumer: bounded, because nobody's slowness may cost the others memory. */

import { EVENTS_WAITING_MAX } from '@flash-sale/shared/limits.ts';
import type { Place } from './position.ts';

export type Received =
  | { kind: 'text'; text: string; until: Place }
  /** Nothing came within the time. */
  | { kind: 'quiet' }
  /** More waited than may: what was not taken is gone. */
  | { kind: 'dropped' }
  | { kind: 'ended' };

export class Inbox {
  readonly #ended: AbortSignal;
  #texts: string[] = [];
  #until: Place | null = null;
  #waiting = 0;
  #isDropped = false;
  #wake: () => void = () => {};

  constructor(ended: AbortSignal) {
    this.#ended = ended;
  }

  /**
   * @param until the text tells everything up to there
   * @returns false when it was too much
   */
  put(text: string, until: Place): boolean {
    if (this.#isDropped) return true;
    this.#waiting += text.length;
    if (this.#waiting > EVENTS_WAITING_MAX) {
      this.#isDropped = true;
      this.#texts = [];
    } else {
      this.#texts.push(text);
      this.#until = until;
    }
    this.#wake();
    return !this.#isDropped;
  }

  /** All that waits; when nothing does, whatever comes first within the time. */
  async take(withinMs: number): Promise<Received> {
    if (this.#texts.length === 0 && !this.#isDropped) await this.#somethingOr(withinMs);
    if (this.#ended.aborted) return { kind: 'ended' };
    if (this.#isDropped) return { kind: 'dropped' };
    if (this.#texts.length === 0 || this.#until === null) return { kind: 'quiet' };
    const taken = { kind: 'text', text: this.#texts.join(''), until: this.#until } as const;
    this.#texts = [];
    this.#waiting = 0;
    return taken;
  }

  async #somethingOr(withinMs: number): Promise<void> {
    if (this.#ended.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const timer = setTimeout(wake, withinMs);
    this.#wake = wake;
    this.#ended.addEventListener('abort', wake, { once: true });
    await promise;
    clearTimeout(timer);
    this.#ended.removeEventListener('abort', wake);
  }
}
