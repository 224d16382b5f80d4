import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import { deliveries, payments } from '@flash-sale/drizzle/schema.ts';
import { PARKED_MAX_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { newIntent, ordered } from '../test/matrix/buyer.ts';
import { chargeObject, intentObject, stripeEvent, tellStripe } from '../test/stripe-events.ts';
import { createWorld, type World } from '../test/world.ts';
import { recordDelivery } from './deliveries.ts';
import { processDelivery } from './payments.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** A success that the shop's own backend told, and that nobody looked at yet. */
function recorded(holdId: string, intentId: string): Promise<number> {
  const event = 'payment_success';
  return recordDelivery(world.services, {
    provider: 'native',
    senderKey: null,
    isSigned: false,
    headers: {},
    body: JSON.stringify({ hold_id: holdId, payment_intent_id: intentId }),
    facts: { event, holdId, intentId, amount: null, currency: null },
  });
}

/** Long enough for whoever does not wait. */
const OTHER_TAKES_MS = 300;

/** Something else happens when everything about a delivery is decided, and nothing is committed. */
async function decideDuring(deliveryId: number, other: () => Promise<unknown>): Promise<void> {
  const running: Promise<unknown>[] = [];
  await processDelivery(world.services, deliveryId, 'arrival', {
    first: async () => {},
    last: async () => {
      if (running.length === 0) running.push(other());
      await Promise.race([...running, Bun.sleep(OTHER_TAKES_MS)]);
    },
  });
  await Promise.all(running);
}

const paymentsOf = (intentId: string) =>
  statement(world.services.mysql, (sql) =>
    sql.select().from(payments).where(eq(payments.intentId, intentId)),
  );

const succeeded = (intentId: string, holdId: string) =>
  stripeEvent('payment_intent.succeeded', intentObject(intentId, { metadata: { hold_id: holdId } }));

describe('an intent that is told of while it is being decided', () => {
  test('is one payment, though two providers tell it for two orders (I5)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [one, other, intentId] = [await ordered(world, sale), await ordered(world, sale), newIntent()];
    await decideDuring(await recorded(one.holdId, intentId), () =>
      tellStripe(world, succeeded(intentId, other.holdId)),
    );
    expect(await paymentsOf(intentId)).toMatchObject([{ provider: 'native', orderId: one.orderId }]);
  });

  test('is one payment, though two providers tell it for no order (I5)', async () => {
    const [holdId, intentId] = [crypto.randomUUID(), newIntent()];
    await tellStripe(world, succeeded(intentId, holdId));
    const id = await recorded(holdId, intentId);
    const ofIntent = eq(deliveries.intentId, intentId);
    const rows = await statement(world.services.mysql, async (sql) => {
      const receivedAt = raw`received_at - interval ${PARKED_MAX_MS * 1_000} microsecond`;
      await sql.update(deliveries).set({ receivedAt }).where(ofIntent);
      return sql.select({ id: deliveries.id }).from(deliveries).where(ofIntent);
    });
    const others = rows.filter((row) => row.id !== id);
    expect(others).toHaveLength(1);
    await decideDuring(id, () =>
      Promise.all(others.map((row) => processDelivery(world.services, row.id, 'worker'))),
    );
    expect(await paymentsOf(intentId)).toMatchObject([{ provider: 'native', disposition: 'unmatched' }]);
  });

  test('and whose refund names no order, went back', async () => {
    const [{ holdId }, intentId] = [await ordered(world, await world.sale()), newIntent()];
    await decideDuring(await recorded(holdId, intentId), () =>
      tellStripe(world, stripeEvent('charge.refunded', chargeObject(intentId))),
    );
    expect(await paymentsOf(intentId)).toMatchObject([
      { disposition: 'refund_due', refundReference: `ch_${intentId}` },
    ]);
  });
});
