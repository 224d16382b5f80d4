/** Stores that a killed owner left behind: taken over when they are well, ended when they are not or are ending. */

import { adoptChild } from './child.ts';
import { StoreProblem } from './problem.ts';
import { endProcess, isSameProcess } from './process-identity.ts';
import type { Answer, RunningStore, StoreKind, StoreName } from './running-store.ts';
import type { StoreEntry } from './store-record.ts';

/** How long a former store gets to end by itself before it is killed. */
const GRACE_MS = 10_000;
/** It may have been starting when its owner was killed. */
const ANSWER_WITHIN_MS = 5_000;
const ASK_AGAIN_MS = 20;

/** Resolves to nothing when no former process uses the folder any more. */
export async function adoptFormer(
  kind: StoreKind,
  former: StoreEntry,
  dataDir: string,
): Promise<RunningStore | undefined> {
  const { pid, identity, socket, diesWithOwner } = former;
  if (!isSameProcess(pid, identity)) return undefined;
  // One that was told to end at its owner's death may still answer, but not for long.
  const answer = diesWithOwner ? undefined : await answerOf(kind, former, dataDir);
  if (answer) {
    const { name } = kind;
    return { ...adoptChild(pid, identity), ...answer, name, url: kind.url(socket), socket, adopted: true };
  }
  await endFormer(kind.name, former);
  return undefined;
}

async function answerOf(kind: StoreKind, former: StoreEntry, dataDir: string): Promise<Answer | undefined> {
  const deadline = performance.now() + ANSWER_WITHIN_MS;
  while (isSameProcess(former.pid, former.identity) && performance.now() < deadline) {
    const answer = await kind.ask(former.socket, dataDir).catch(() => undefined);
    if (answer) return answer;
    await Bun.sleep(ASK_AGAIN_MS);
  }
  return undefined;
}

/** A store that this run does not use (its URL is set now) must not live on unwatched. */
export async function endUnwanted(
  former: Partial<Record<StoreName, StoreEntry>>,
  wanted: StoreKind[],
): Promise<void> {
  for (const name of ['redis', 'mariadb'] as const) {
    const left = wanted.some((kind) => kind.name === name) ? undefined : former[name];
    if (left) await endFormer(name, left);
  }
}

async function endFormer(name: StoreName, { pid, identity }: StoreEntry): Promise<void> {
  if (await endProcess(pid, identity, GRACE_MS)) return;
  throw new StoreProblem(`${name} of the former run (pid ${pid}) does not end, even by SIGKILL.`);
}
