/** Everything that SQL wrote down in a story, in one statement, and whether it is what the models say. */

import type { Pool } from 'mysql2/promise';
import { expectEqual } from './exact-look.ts';
import type { FeatureModel } from './feature-model.ts';
import type { LedgerModel } from './ledger-model.ts';

export interface Rows {
  readonly sale: string;
  /** Of each table, one line per row, sorted. */
  readonly outcomes: readonly string[];
  readonly outcomeOf: ReadonlyMap<string, string>;
  readonly orders: readonly string[];
  readonly credits: readonly string[];
  readonly buyers: readonly string[];
  readonly payments: readonly string[];
  readonly deliveries: readonly string[];
  readonly orderIds: ReadonlyMap<string, string>;
  readonly creditSeqs: ReadonlyMap<number, number>;
}

const UUID = (column: string) =>
  `lower(concat_ws('-', left(hex(${column}), 8), substr(hex(${column}), 9, 4), substr(hex(${column}), 13, 4),
    substr(hex(${column}), 17, 4), right(hex(${column}), 12)))`;

/** A database has one sale at a time, and every row is of its story. */
const STATEMENT = `
  SELECT 'sale' AS kind, concat_ws(' ', state, allotment, committed, seq, epoch, armed_epoch) AS line, NULL AS a, NULL AS b
    FROM sales
  UNION ALL SELECT 'outcomes', concat_ws(' ', ${UUID('hold_id')}, outcome), ${UUID('hold_id')}, outcome
    FROM hold_outcomes
  UNION ALL SELECT 'orders',
    concat_ws(' ', ${UUID('hold_id')}, state, quantity, ifnull(buyer_id, '-'), payment_intent_id),
    ${UUID('hold_id')}, ${UUID('id')} FROM orders
  UNION ALL SELECT 'credits',
    concat_ws(' ', seq, units, ifnull(buyer_id, '-'), reason, if(delivered_at IS NULL, 'owed', 'delivered')), id, seq
    FROM stock_credits
  UNION ALL SELECT 'buyers', concat_ws(' ', buyer_id, units), NULL, NULL FROM buyer_units
  UNION ALL SELECT 'payments', concat_ws(' ', intent_id, disposition), NULL, NULL FROM payments
  UNION ALL SELECT 'deliveries', concat_ws(' ', event, intent_id, ${UUID('hold_id')}, state), NULL, NULL FROM deliveries`;

interface Row {
  readonly kind: string;
  readonly line: string;
  readonly a: string | null;
  readonly b: string | null;
}

export async function readRows(mysql: Pool): Promise<Rows> {
  const [rows] = (await mysql.query(STATEMENT)) as unknown as [Row[]];
  const of = (kind: string) =>
    rows
      .filter((row) => row.kind === kind)
      .map(({ line }) => line)
      .sort();
  const named = (kind: string) =>
    rows.filter((row) => row.kind === kind).map(({ a, b }) => [String(a), String(b)] as const);
  return {
    sale: of('sale')[0] ?? '',
    outcomes: of('outcomes'),
    outcomeOf: new Map(named('outcomes')),
    orders: of('orders'),
    credits: of('credits'),
    buyers: of('buyers'),
    payments: of('payments'),
    deliveries: of('deliveries'),
    orderIds: new Map(named('orders')),
    creditSeqs: new Map(named('credits').map(([id, seq]) => [Number(id), Number(seq)])),
  };
}

export function expectRows(rows: Rows, ledger: LedgerModel, features: FeatureModel): void {
  const { state, allotment, committed, seq, epoch, armedEpoch } = ledger;
  const sale = `${state} ${allotment} ${committed} ${seq} ${epoch} ${armedEpoch}`;
  expectEqual('the sale (I1)', rows.sale, sale);
  const outcomes = [...ledger.outcomes].map(([holdId, outcome]) => `${holdId} ${outcome}`);
  expectEqual('the outcomes (I3)', rows.outcomes, outcomes.sort());
  const orders = [...ledger.orders.values()].map(
    ({ holdId, state: now, quantity, buyerId, intentId }) =>
      `${holdId} ${now} ${quantity} ${buyerId ?? '-'} ${intentId}`,
  );
  expectEqual('the orders (I3)', rows.orders, orders.sort());
  const credits = ledger.credits.map(
    ({ seq: at, units, buyerId, reason, isDelivered }) =>
      `${at} ${units} ${buyerId ?? '-'} ${reason} ${isDelivered ? 'delivered' : 'owed'}`,
  );
  expectEqual('the credits (I4)', rows.credits, credits.sort());
  const buyers = [...ledger.buyers].map(([buyerId, units]) => `${buyerId} ${units}`);
  expectEqual("the buyers' units", rows.buyers, buyers.sort());
  const payments = [...features.payments].map(([intentId, disposition]) => `${intentId} ${disposition}`);
  expectEqual('the payments (I5)', rows.payments, payments.sort());
  const deliveries = features.deliveries.map(
    ({ event, intentId, holdId, state: now }) => `${event} ${intentId} ${holdId} ${now}`,
  );
  expectEqual('the deliveries (I6)', rows.deliveries, deliveries.sort());
}
