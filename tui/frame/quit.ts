/** Leaving, and what is left on the screen of the shell. */

import type { Desk } from '../desk.ts';
import { counted } from '../look/format.ts';
import { runningRehearsal } from '../rehearsal/rehearsal-run.ts';

export async function quit(desk: Desk, leave: () => void): Promise<void> {
  const { context, overview } = desk.store.get();
  if (!context.ownsStack) {
    await endRehearsal(desk);
    leave();
    return;
  }
  const live = overview?.sales.filter(({ state }) => state === 'live').length ?? 0;
  const isSure = await desk.ask.confirm({
    title: 'Stop everything?',
    lines: [
      [{ text: 'The API, Redis and MariaDB were started with this terminal and stop with it.' }],
      [{ text: `${counted(live, 'live sale')} will not sell until it is started again. Nothing is lost.` }],
    ],
    verb: 'stop everything',
  });
  if (!isSure) return;
  await endRehearsal(desk);
  leave();
}

/** Its sale would stay on without it. */
async function endRehearsal({ store, say }: Desk): Promise<void> {
  const running = runningRehearsal(store.get().rehearsals);
  if (running === undefined) return;
  say('Ending the sale of the rehearsal ...');
  await running.stop();
}

export function lastWords(desk: Desk): string {
  const { context, journal } = desk.store.get();
  const unknown = journal.entries.filter(({ state }) => state === 'unknown' || state === 'sending').length;
  const doubt =
    unknown === 0 ? '' : `; of ${unknown} more nobody knows whether it was made: see the audit log`;
  return `flash sale, ${context.name}: ${counted(journal.changesMade, 'change')} made${doubt}.`;
}
