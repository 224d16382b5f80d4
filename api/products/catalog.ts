/**
 * This process's copy of products and their sales, at most a second old. It decides nothing: it only tells which
 * sale a product is sold in, so that a hold needs no SQL. When SQL is away the last copy serves on.
 */

import { asc, eq, ne, sql as raw } from 'drizzle-orm';
import type { Pool } from 'mysql2/promise';
import { products, sales } from '@flash-sale/drizzle/schema.ts';
import { CATALOG_AGE_MAX_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';

/** A copy that nobody asked for in this long is not shown without trying to read it again, */
const SILENCE_MS = 10_000;
/** for so long: SQL may be away, and then the last copy is what there is. */
const PATIENCE_MS = 250;

export type Product = typeof products.$inferSelect;
export type Sale = typeof sales.$inferSelect;

export interface Listing {
  readonly product: Product;
  /** Every sale of the product but drafts, oldest first. */
  readonly sales: readonly Sale[];
}

export class Catalog {
  readonly #mysql: Pool;
  #listings: ReadonlyMap<number, Listing> = new Map();
  #sales: ReadonlyMap<number, Sale> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** By SQL's clock, when it was read. */
  #readAtSqlMs = 0;
  #reading: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(mysql: Pool) {
    this.#mysql = mysql;
  }

  async all(): Promise<Listing[]> {
    await this.#beRecent();
    return [...this.#listings.values()];
  }

  /** Without a promise where the copy is recent, as it nearly always is. */
  find(productId: number): Listing | Promise<Listing | undefined> {
    return this.#recent(this.#listings.get(productId)) ?? this.#look(() => this.#listings.get(productId));
  }

  sale(saleId: number): Sale | Promise<Sale | undefined> {
    return this.#recent(this.#sales.get(saleId)) ?? this.#look(() => this.#sales.get(saleId));
  }

  /** Every sale but drafts. */
  async sales(): Promise<Sale[]> {
    await this.#beRecent();
    return [...this.#sales.values()];
  }

  /**
   * The sale that stands for its product at this moment: the one that is on, else the next, else the last. Only Redis
   * decides whether it is open; this host's own clock has no say, for it may be wrong by any amount.
   */
  current(listing: Listing): Sale | undefined {
    const nowMs = this.#readAtSqlMs + this.#ageMs();
    return listing.sales.toSorted((a, b) => rank(a, nowMs) - rank(b, nowMs) || b.id - a.id)[0];
  }

  /** Reads again now: after a change that this process made. */
  refresh(): Promise<void> {
    return this.#beNewerThanNow();
  }

  #recent<Known>(known: Known): Known | undefined {
    return this.#ageMs() < CATALOG_AGE_MAX_MS ? known : undefined;
  }

  async #look<Known>(get: () => Known | undefined): Promise<Known | undefined> {
    await this.#beRecent();
    if (get() === undefined) await this.#beNewerThanNow();
    return get();
  }

  #ageMs(): number {
    return performance.now() - this.#readAtMs;
  }

  /**
   * For what the copy does not have: reads again, after the question was asked, because another process may have
   * opened the sale just before. One read at a time answers all who ask, however many ids are made up.
   */
  async #beNewerThanNow(): Promise<void> {
    if (this.#reading === null) return this.#read();
    this.#next ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.#read();
      });
    return this.#next;
  }

  /** Nobody waits for a refresh but the first caller, and whoever comes after a long silence, for a moment. */
  #beRecent(): Promise<void> | undefined {
    if (this.#ageMs() < CATALOG_AGE_MAX_MS) return undefined;
    if (this.#readAtMs === Number.NEGATIVE_INFINITY) return this.#read();
    // A failure leaves the copy as it is; the next caller tries again.
    const refreshed = this.#read().catch(() => {});
    return this.#ageMs() < SILENCE_MS ? undefined : Promise.race([refreshed, Bun.sleep(PATIENCE_MS)]);
  }

  #read(): Promise<void> {
    this.#reading ??= this.#load().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #load(): Promise<void> {
    const { productRows, saleRows, clock } = await statement(this.#mysql, async (sql) => ({
      productRows: await sql.select().from(products).orderBy(asc(products.id)),
      saleRows: await sql.select().from(sales).where(ne(sales.state, 'draft')).orderBy(asc(sales.id)),
      clock: await sql.execute(raw`SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED) AS now_ms`),
    }));
    const [{ now_ms: sqlMs } = { now_ms: 0 }] = clock[0] as unknown as { now_ms: number }[];
    this.#readAtSqlMs = Number(sqlMs);
    const byProduct = Map.groupBy(saleRows, ({ productId }) => productId);
    this.#listings = new Map(
      productRows.map((product) => [product.id, { product, sales: byProduct.get(product.id) ?? [] }]),
    );
    this.#sales = new Map(saleRows.map((sale) => [sale.id, sale]));
    this.#readAtMs = performance.now();
  }
}

function rank(sale: Sale, nowMs: number): number {
  if (sale.state === 'ended') return 4;
  const hasClosed = sale.closesAt !== null && sale.closesAt.getTime() <= nowMs;
  if (sale.state === 'draining' || hasClosed) return 3;
  if (sale.state === 'scheduled' && sale.opensAt.getTime() > nowMs) return 2;
  return sale.state === 'halted' ? 1 : 0;
}

export async function findSale(mysql: Pool, saleId: number): Promise<Sale | undefined> {
  const rows = await statement(mysql, (sql) => sql.select().from(sales).where(eq(sales.id, saleId)));
  return rows[0];
}
