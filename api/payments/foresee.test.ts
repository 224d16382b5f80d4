import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { inArray } from 'drizzle-orm';
import { deliveries, deliveryAttempts } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../mysql/transaction.ts';
import { pay } from '../test/client.ts';
import { held, look, newIntent, ordered } from '../test/matrix/buyer.ts';
import { expire, settle } from '../test/settling.ts';
import { chargeObject, stripeEvent } from '../test/stripe-events.ts';
import {
  auditedReplaysOf,
  carriedOut,
  deliveryIdsOf,
  everythingOf,
  itemsOf,
  recorded,
  replay,
} from '../test/replays.ts';
import { createWorld, type World } from '../test/world.ts';
import { recordDelivery } from './deliveries.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('a dry run', () => {
  test('says what would happen, and writes nothing but that', async () => {
    const sale = await world.sale({ allotment: 20 });
    const inTime = await ordered(world, sale);
    const [late, failed, paid, refunded] = [
      await ordered(world, sale),
      await ordered(world, sale),
      await ordered(world, sale),
      await ordered(world, sale),
    ];
    await expire(world.services, sale.saleId, [late.orderId]);
    const early = newIntent();
    await recorded(world, inTime);
    await recorded(world, late);
    await recorded(world, failed, 'payment_failed');
    await pay(world, paid.holdId, paid.intentId);
    await pay(world, refunded.holdId, refunded.intentId);
    const refund = stripeEvent('charge.refunded', chargeObject(refunded.intentId));
    await recordDelivery(world.services, {
      provider: 'stripe',
      senderKey: crypto.randomUUID(),
      isSigned: true,
      headers: {},
      body: refund,
      facts: {
        event: 'payment_refunded',
        holdId: null,
        intentId: refunded.intentId,
        amount: null,
        currency: null,
      },
    });
    await pay(world, await held(world, sale), early);
    const intentIds = [inTime, late, failed, paid, refunded].map(({ intentId }) => intentId);
    const ids = await deliveryIdsOf(world, ...intentIds, early);
    const everythingSeen = async () => ({
      ledger: await everythingOf(world, sale),
      units: await look(world.services, sale),
      deliveries: await statement(world.services.mysql, (sql) =>
        sql.select().from(deliveries).where(inArray(deliveries.id, ids)).orderBy(deliveries.id),
      ),
      attempts: await statement(world.services.mysql, (sql) => sql.$count(deliveryAttempts)),
    });
    const before = await everythingSeen();
    const asked = await replay(world, { ids, dry_run: true });
    expect(await carriedOut(world, asked)).toMatchObject({ dry_run: true, done: 7, changed: 4, failed: 0 });
    expect(await everythingSeen()).toEqual(before);
    const items = await itemsOf(world, asked.id);
    expect(items.map(({ outcome, changed, says }) => [outcome, changed, says])).toEqual([
      ['applied', true, 'It would be applied.'],
      ['late', true, 'It would take its units again if they are free, else its money is owed back.'],
      ['cancelled', true, 'It would be cancelled.'],
      ['applied', false, 'Nothing would change: already applied.'],
      ['applied', false, 'Nothing would change: already applied.'],
      ['refunded', true, 'It would be refunded.'],
      ['parked', false, 'Nothing would change: it still waits for its order or its payment.'],
    ]);
    for (const id of ids) expect(await auditedReplaysOf(world, id)).toEqual([]);
    // And that is what happens.
    const real = await carriedOut(world, await replay(world, { ids }));
    expect(real).toMatchObject({ done: 7, changed: 4 });
    expect((await itemsOf(world, real.id)).map(({ outcome }) => outcome)).toEqual([
      'applied',
      'late_applied',
      'cancelled',
      'applied',
      'applied',
      'refunded',
      'parked',
    ]);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ owed: 0, pinned: 0 });
  });
});
