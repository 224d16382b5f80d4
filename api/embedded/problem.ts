import { EnvironmentError } from '@flash-sale/shared/environment.ts';

/** A failure whose message is written for the person at the terminal; a stack trace would not help them. */
export class StoreProblem extends EnvironmentError {}
