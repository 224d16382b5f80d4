/** How long until it sells again. Buyers knock all the time, not one after the other, so that nothing is missed. */

import type { Board } from './board.ts';
import type { Caller } from './caller.ts';
import type { ApiName } from './stack.ts';

const KNOCK_EVERY_MS = 20;
const AT_ONCE_MAX = 12;
const GIVE_UP_MS = 20_000;

export interface Recovery {
  /** Milliseconds from when the stores answered until one API sold, and until all did. */
  readonly firstMs: number;
  readonly allMs: number;
}

/** @returns null when an API did not sell within 20 s. */
export async function untilSelling(
  caller: Caller,
  board: Board,
  shownBy: 'hold' | 'order',
  apis: readonly ApiName[],
  answeringAt: number,
): Promise<Recovery | null> {
  const sellsAt = await Promise.all(
    apis.map((api) => knock(() => (shownBy === 'hold' ? tryHold : tryOrder)(caller, board, api))),
  );
  const known = sellsAt.filter((at) => at !== null);
  if (known.length < sellsAt.length) return null;
  return {
    firstMs: Math.max(0, Math.min(...known) - answeringAt),
    allMs: Math.max(0, Math.max(...known) - answeringAt),
  };
}

/** @returns when the first attempt succeeded. */
async function knock(attempt: () => Promise<boolean>): Promise<number | null> {
  const deadline = performance.now() + GIVE_UP_MS;
  let successAt: number | null = null;
  const running = new Set<Promise<void>>();
  while (successAt === null && performance.now() < deadline) {
    if (running.size < AT_ONCE_MAX) {
      const one: Promise<void> = attempt().then((isSold) => {
        if (isSold) successAt ??= Date.now();
        running.delete(one);
      });
      running.add(one);
    }
    await Bun.sleep(KNOCK_EVERY_MS);
  }
  return successAt;
}

async function tryHold(caller: Caller, board: Board, api: ApiName): Promise<boolean> {
  const holdId = await hold(caller, board, api);
  if (holdId === null) return false;
  // Nobody waits for it: if it is not released it expires.
  void caller.call({ do: 'release', holdId }, api);
  return true;
}

async function tryOrder(caller: Caller, board: Board, api: ApiName): Promise<boolean> {
  const holdId = await hold(caller, board, api);
  if (holdId === null) return false;
  const reply = await caller.call({ do: 'order', holdId, intentId: `pi_${crypto.randomUUID()}` }, api);
  return reply?.status === 201;
}

async function hold(caller: Caller, { probe }: Board, api: ApiName): Promise<string | null> {
  const { saleId, productId, kind } = probe;
  const reply = await caller.call(
    {
      do: 'hold',
      saleId,
      productId,
      quantity: 1,
      buyerId: null,
      key: crypto.randomUUID(),
      ttlMs: kind.holdTtlMs,
    },
    api,
  );
  return reply?.status === 201 ? String(reply.data['hold_id']) : null;
}
