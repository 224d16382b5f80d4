/** How a command ends before its end: thrown, told on stderr and turned into an exit code in one place, `run.ts`. */

import { isUnanswered, type Answer, type Refusal } from '../api.ts';
import type { ExitCode } from './exit-codes.ts';

/** Its message is for the person at the terminal. */
export class Ending extends Error {
  override readonly name = 'Ending';
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command is not written as it should be. */
export class UsageFault extends Error {
  override readonly name = 'UsageFault';
}

/** The API said no, or nothing. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** @throws Refused */
export async function must<Data>(asked: Promise<Answer<Data>>): Promise<Data> {
  const answer = await asked;
  if (!answer.ok) throw new Refused(answer);
  return answer.data;
}

/**
 * For what goes on without us.
 * @returns null while nobody answers
 * @throws Refused
 */
export async function ifAnswered<Data>(asked: Promise<Answer<Data>>): Promise<Data | null> {
  const answer = await asked;
  if (!answer.ok && isUnanswered(answer)) return null;
  return must(Promise.resolve(answer));
}
