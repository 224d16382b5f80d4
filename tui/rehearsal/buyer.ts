/** A buyer, from the first look to the end of their story. */

import type { End } from './figures.ts';
import { pay } from './payment.ts';
import { ask, type Reply, type Stage } from './stage.ts';
import { HOLD_TTL_S, type Story } from './story.ts';
import type { HeldUnits, ToldOrder } from './told.ts';

export async function play(stage: Stage, story: Story): Promise<void> {
  stage.figures.arrived();
  stage.figures.ended(await live(stage, story));
}

async function live(stage: Stage, story: Story): Promise<End> {
  const held = await hold(stage, story);
  if (typeof held === 'string') return held;
  stage.figures.reached('held');
  if (story.manner === 'abandons') return 'went away';
  await stage.sleep(story.thinkMs);
  if (story.manner === 'releases') return release(stage, held);
  const isEarly = story.payment === 'before the order';
  if (isEarly) await pay(stage, story, held, null);
  const order = await placeOrder(stage, story, held);
  if (typeof order === 'string') {
    if (isEarly) stage.told.strayed();
    return order;
  }
  stage.figures.reached('ordered');
  await stage.sleep(story.thinkMs);
  const end = await pay(stage, story, held, order);
  if (end === 'paid') stage.figures.reached('paid');
  return end;
}

/** @returns how it ended when there is no hold */
async function hold(stage: Stage, story: Story): Promise<HeldUnits | End> {
  for (let look = 0; ; look += 1) {
    const key = `${stage.run}-${story.number}-${look}`;
    // Who has waited takes what there is.
    const units = look === 0 ? story.quantity : 1;
    const askedAtMs = performance.now();
    const replies = await askForHold(stage, story, key, units);
    const granted = replies.find((reply) => reply !== null && isDone(reply));
    if (granted) {
      const holdId = String(granted.data['hold_id']);
      const { number, ttlS } = story;
      stage.told.held(holdId, number, units, askedAtMs, ttlS ?? HOLD_TTL_S);
      for (const reply of replies) if (reply !== null) compareHold(stage, story, holdId, reply);
      return { holdId, units, intentId: `pi_${key}` };
    }
    if (replies.every((reply) => reply === null)) return 'gave up';
    const isToldNothing = replies.some((reply) => reply?.says === 'insufficient_stock');
    if (isToldNothing && units === 1) stage.turnedAway();
    if (look >= story.looksAgain || stage.isOver()) return 'turned away';
    await stage.sleep(story.pauseMs);
  }
}

/** What the other click, or the other question, was answered. */
function compareHold({ judge }: Stage, { manner }: Story, holdId: string, { says, data }: Reply): void {
  if (isDone({ says, data })) {
    if (data['hold_id'] !== holdId) judge.breach('holds', `${holdId} was given another id when asked again`);
  } else if (manner === 'asks again') {
    // Of two clicks one may have found nothing; what was given stays given.
    judge.breach('holds', `${holdId} was answered ${says} when asked again`);
  }
}

/** Once, or as often as this buyer presses the button: under one key. */
async function askForHold(
  stage: Stage,
  { number, manner, ttlS, hangUpAfterMs }: Story,
  key: string,
  units: number,
): Promise<(Reply | null)[]> {
  const press = () =>
    ask(stage, 'hold', {
      method: 'POST',
      path: '/api/holds',
      headers: { 'idempotency-key': key },
      body: JSON.stringify({
        product_id: stage.productId,
        quantity: units,
        buyer_id: `${stage.run}-${number}`,
        ...(ttlS === null ? {} : { ttl: ttlS }),
      }),
      ...(manner === 'hangs up' ? { hangUpAfterMs } : {}),
    });
  return pressed(manner, press);
}

async function pressed(
  manner: Story['manner'],
  press: () => Promise<Reply | null>,
): Promise<(Reply | null)[]> {
  if (manner === 'clicks twice') return Promise.all([press(), press()]);
  const first = await press();
  return manner === 'asks again' && first !== null && isDone(first) ? [first, await press()] : [first];
}

async function release(stage: Stage, { holdId }: HeldUnits): Promise<End> {
  stage.told.promises.takeBack(holdId);
  const reply = await ask(stage, 'release', { method: 'DELETE', path: `/api/holds/${holdId}` });
  return reply === null ? 'gave up' : 'released';
}

/** @returns how it ended when there is no order */
async function placeOrder(stage: Stage, story: Story, held: HeldUnits): Promise<ToldOrder | End> {
  const { holdId, intentId } = held;
  const askedAtMs = performance.now();
  const replies = await pressed(story.manner, () =>
    ask(stage, 'order', {
      method: 'POST',
      path: '/api/orders',
      body: JSON.stringify({ hold_id: holdId, payment_intent_id: intentId }),
    }),
  );
  const done = replies.filter((reply) => reply !== null && isDone(reply));
  const [first] = done;
  if (!first) {
    if (!replies.includes(null)) return 'too slow';
    stage.told.orderUnsure();
    return 'gave up';
  }
  const ids = new Set(done.map((reply) => String(reply?.data['order_id'])));
  if (ids.size > 1) stage.judge.breach('orders', `the hold ${holdId} has two orders`);
  const order = stage.told.ordered(String(first.data['order_id']), held, askedAtMs);
  if (first.data['status'] === 'paid') stage.told.paid(order);
  return order;
}

function isDone({ says }: Reply): boolean {
  return says === 'done' || says === 'done before';
}
