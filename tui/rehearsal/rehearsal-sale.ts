/** The sale of a rehearsal: made for it, of a product of its own, and ended with it. No other sale is ever touched. */

import type { OperatedOrder } from '@flash-sale/shared/contracts/operator-order.ts';
import type { Overview, SaleOverview } from '@flash-sale/shared/contracts/overview.ts';
import { PAGE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import { answerOf, type Answer, type Api } from '../api.ts';
import { must } from '../commands/endings.ts';
import { sendUntilAnswered } from '../until-answered.ts';
import { BUYER_LIMIT, HOLD_TTL_S, PAY_WINDOW_S } from './story.ts';

/** Halves of it are whole cents. */
const PRICE = 20;
const CURRENCY = 'EUR';

export interface Look {
  readonly overview: Overview;
  /** Null once it is over. */
  readonly sale: SaleOverview | null;
}

export type RehearsalSale = Awaited<ReturnType<typeof openRehearsalSale>>;

/** Creates and launches it. @throws Refused */
export async function openRehearsalSale(
  api: Api,
  { units, nowMs, openMs }: { readonly units: number; readonly nowMs: number; readonly openMs: number },
) {
  const name = `Rehearsal ${new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')}`;
  const product = await change((headers) =>
    answerOf(api.products.post({ name, price: PRICE, currency: CURRENCY }, { headers })),
  );
  const draft = await change((headers) =>
    answerOf(
      api.sales.post(
        {
          product_id: product.id,
          // Also when nobody is there any more to end it.
          closes_at: new Date(nowMs + openMs).toISOString(),
          allotment: units,
          hold_ttl: HOLD_TTL_S,
          pay_window: PAY_WINDOW_S,
          buyer_limit: BUYER_LIMIT,
        },
        { headers },
      ),
    ),
  );
  const id = draft.id;
  await change((headers) => answerOf(api.sales({ id }).launch.post(null, { headers })));
  return {
    id,
    name,
    productId: product.id,
    price: PRICE,
    currency: CURRENCY,
    /** @throws Refused */
    async look(): Promise<Look> {
      const overview = await must(answerOf(api.overview.get()));
      return { overview, sale: overview.sales.find(({ sale_id: saleId }) => saleId === id) ?? null };
    },
    /** @throws Refused */
    show: () => must(answerOf(api.sales({ id }).get())),
    end: () => change((headers) => answerOf(api.sales({ id }).end.post(null, { headers }))),
    /** All of its orders, page by page. @throws Refused */
    async *orders(): AsyncGenerator<OperatedOrder> {
      let cursor: string | null = null;
      do {
        const page = {
          sale: String(id),
          limit: String(PAGE_ROWS_MAX),
          ...(cursor === null ? {} : { cursor }),
        };
        const read: OrdersPage = await must(answerOf(api.orders.get({ query: page })));
        yield* read.items;
        cursor = read.next_cursor;
      } while (cursor !== null);
    },
    /** Play money goes back, so that it does not wait in the operators' list. */
    refund: (intent: string) =>
      sendUntilAnswered((headers) =>
        answerOf(
          api
            .refunds({ provider: 'native' })({ intent })
            .refunded.post({ reference: `rehearsal-of-sale-${id}` }, { headers }),
        ),
      ),
  };
}

interface OrdersPage {
  readonly items: readonly OperatedOrder[];
  readonly next_cursor: string | null;
}

/** @throws Refused */
function change<Data>(
  send: (headers: { 'idempotency-key': string }) => Promise<Answer<Data>>,
): Promise<Data> {
  return must(sendUntilAnswered(send));
}
