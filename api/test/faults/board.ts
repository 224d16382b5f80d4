/** The sales of a campaign: several kinds at once, each replaced when it has sold out for good. */

import { and, eq, inArray } from 'drizzle-orm';
import { products, sales } from '@flash-sale/drizzle/schema.ts';
import { CATALOG_AGE_MAX_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../../mysql/transaction.ts';
import { createSale } from '../create-sale.ts';
import { moveSale } from '../../sales/sales.ts';
import type { Services } from '../../services.ts';
import type { Chance } from '../seeded.ts';
import type { Told } from './told.ts';

export interface SaleKind {
  readonly allotment: number;
  readonly holdTtlMs: number;
  readonly payWindowMs: number;
  readonly buyerLimit: number | null;
  /** How many buyers come again and again. null: everybody is new. */
  readonly regulars: number | null;
  readonly quantityMax: number;
  /** Of the visits. */
  readonly weight: number;
  /** Of the holds. */
  readonly ordered: number;
  /** Of the orders: paid in time; paid when it is over. */
  readonly paid: number;
  readonly paidLate: number;
}

const PLAIN: SaleKind = {
  allotment: 60,
  holdTtlMs: 4_000,
  payWindowMs: 4_000,
  buyerLimit: null,
  regulars: null,
  quantityMax: 3,
  weight: 4,
  ordered: 0.6,
  paid: 0.12,
  paidLate: 0.03,
};

const SALE_KINDS = {
  plain: PLAIN,
  limited: { ...PLAIN, allotment: 40, holdTtlMs: 3_000, payWindowMs: 5_000, buyerLimit: 4, regulars: 16 },
  scarce: { ...PLAIN, allotment: 7, holdTtlMs: 3_000, payWindowMs: 3_000, weight: 2, paid: 0.04 },
  large: { ...PLAIN, allotment: 4_000, holdTtlMs: 5_000, payWindowMs: 5_000, quantityMax: 6, paid: 0.3 },
  /** Nobody hesitates: what one buyer gets another wanted too, and SQL is nearly always at its bound. */
  eager: {
    ...PLAIN,
    allotment: 12,
    holdTtlMs: 3_000,
    payWindowMs: 3_000,
    quantityMax: 2,
    ordered: 0.97,
    paid: 0.03,
  },
  late: {
    ...PLAIN,
    allotment: 30,
    holdTtlMs: 3_000,
    payWindowMs: 3_000,
    weight: 2,
    paid: 0.03,
    paidLate: 0.3,
  },
  /** For measuring: there is always a unit, and every measurement gives it back. */
  probe: { ...PLAIN, allotment: 5_000, holdTtlMs: 3_000, payWindowMs: 3_000, weight: 0 },
} as const satisfies Record<string, SaleKind>;

export type SaleKindName = keyof typeof SALE_KINDS;

export interface OpenSale {
  readonly saleId: number;
  readonly productId: number;
  readonly kindName: SaleKindName;
  readonly kind: SaleKind;
}

/** Every process knows a new sale by then. */
const KNOWN_AFTER_MS = CATALOG_AGE_MAX_MS + 200;

export const PRICE_MINOR = 1_999;
export const CURRENCY = 'EUR';

/** Of a sale's units: then hardly anything moves any more, and the next sale of its kind opens. */
const SOLD_OUT_SHARE = 0.75;

export class Board {
  /** Every sale there was. */
  readonly all: OpenSale[] = [];
  readonly #open = new Map<SaleKindName, OpenSale>();

  async openAll(services: Services): Promise<void> {
    for (const name of Object.keys(SALE_KINDS) as SaleKindName[]) await this.#openOne(services, name);
  }

  get open(): OpenSale[] {
    return [...this.#open.values()];
  }

  get probe(): OpenSale {
    return this.#open.get('probe') as OpenSale;
  }

  find(saleId: number): OpenSale | undefined {
    return this.all.find((sale) => sale.saleId === saleId);
  }

  pick(chance: Chance): OpenSale {
    const total = this.open.reduce((sum, { kind }) => sum + kind.weight, 0);
    let left = chance.next() * total;
    for (const sale of this.open) {
      left -= sale.kind.weight;
      if (left < 0) return sale;
    }
    return this.probe;
  }

  /** Ends sales that are sold out for good and opens others. @returns how many. */
  async replaceSoldOut(services: Services, told: Told): Promise<number> {
    const paid = new Map<number, number>();
    for (const { paid: isPaid, saleId, quantity } of told.holds.values()) {
      if (isPaid !== null) paid.set(saleId, (paid.get(saleId) ?? 0) + quantity);
    }
    let count = 0;
    for (const { saleId, kindName, kind } of this.open) {
      if ((paid.get(saleId) ?? 0) < kind.allotment * SOLD_OUT_SHARE) continue;
      await this.#openOne(services, kindName);
      await moveSale(services, saleId, 'draining');
      count += 1;
    }
    return count;
  }

  async #openOne(services: Services, kindName: SaleKindName): Promise<void> {
    const kind: SaleKind = SALE_KINDS[kindName];
    const [{ insertId: productId }] = await statement(services.mysql, (sql) =>
      sql
        .insert(products)
        .values({ name: kindName, description: kindName, priceMinor: PRICE_MINOR, currency: CURRENCY }),
    );
    const saleId = await createSale(services, {
      productId,
      allotment: kind.allotment,
      opensAt: new Date(Date.now() - 1_000),
      holdTtlMs: kind.holdTtlMs,
      payWindowMs: kind.payWindowMs,
      ...(kind.buyerLimit === null ? {} : { buyerLimit: kind.buyerLimit }),
    });
    const moved = await moveSale(services, saleId, 'live');
    if (moved.kind !== 'moved') throw new Error(`sale ${saleId} does not open: ${moved.kind}`);
    const sale = { saleId, productId, kindName, kind };
    this.all.push(sale);
    if (this.#open.has(kindName)) await Bun.sleep(KNOWN_AFTER_MS);
    this.#open.set(kindName, sale);
  }

  /** Those that Redis still serves. */
  async served(services: Services): Promise<OpenSale[]> {
    const ids = this.all.map(({ saleId }) => saleId);
    const rows = await statement(services.mysql, (sql) =>
      sql
        .select({ id: sales.id })
        .from(sales)
        .where(and(inArray(sales.id, ids), eq(sales.state, 'ended'))),
    );
    const ended = new Set(rows.map(({ id }) => id));
    return this.all.filter(({ saleId }) => !ended.has(saleId));
  }
}
