/** Yardstick (c) as a contender: a process that stays, so that it is as warm as the others. */

import { join } from 'node:path';
import type { Contender } from '../contest.ts';
import { endWithUs } from '../leftovers.ts';
import type { Loaded } from '../load/requests.ts';

const SCRIPT = join(import.meta.dir, '../yardsticks/plain-order.ts');

export async function startPlainOrders(
  databaseUrl: string,
  clients: number,
  name: string,
): Promise<Contender> {
  const child = Bun.spawn([process.execPath, SCRIPT, databaseUrl, String(clients)], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  endWithUs(child, child.exited);
  const lines = linesOf(child.stdout);
  return {
    name,
    pid: child.pid,
    async load(seconds) {
      void child.stdin.write(`${seconds}\n`);
      await child.stdin.flush();
      const { value } = await lines.next();
      if (value === undefined) throw new Error('the plain orders ended');
      return JSON.parse(value) as Loaded;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split('\n');
    text = lines.pop() ?? '';
    yield* lines;
  }
  return undefined;
}
