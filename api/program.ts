import { EnvironmentError } from '@flash-sale/shared/environment.ts';

/** Runs a program of ours to its end. What its user is to mend is told in plain words, without a trace. */
export async function runProgram(main: () => Promise<void>): Promise<never> {
  try {
    await main();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof EnvironmentError ? error.message : Bun.inspect(error)}\n`);
    process.exit(1);
  }
}
