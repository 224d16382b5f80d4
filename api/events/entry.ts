/** From an entry of a stream to the events that are in it. */

import type { AnyEvent, HoldChange, PublishedEvent, StockEvent } from '@flash-sale/shared/contracts/event.ts';
import type { StreamEntry } from '../redis/event-streams.ts';
import { holdIdOf } from '../redis/hold-name.ts';

/** As `lua/sale.lua` writes them. */
const CHANGE_OF: Readonly<Record<string, HoldChange>> = {
  H: 'placed',
  X: 'extended',
  P: 'taken',
  R: 'released',
  E: 'expired',
  O: 'ordered',
  L: 'lost',
  W: 'withdrawn',
};

/** The sale of whose stream the entry tells, when it tells of a new one. */
export function announcedSale({ fields }: StreamEntry): number | null {
  return fields[0] === 'sale' ? Number(fields[1]) : null;
}

/** In their order. What this version does not know is left out. */
export function eventsIn(saleId: number, { fields }: StreamEntry): AnyEvent[] {
  const [name, first = '', , changes = ''] = fields;
  if (name === 'event') return [JSON.parse(first) as PublishedEvent];
  if (name !== 'available') return [];
  const lines = changes.split('\n');
  const events: AnyEvent[] = [];
  for (let line = 0; line + 1 < lines.length; line += 2) {
    const event = readChange(saleId, Number(first), lines[line] ?? '', lines[line + 1] ?? '');
    // What was there before a loss of data and is not any more was never told.
    if (event?.type === 'sale.rebuilt' && event.may_have_lost_data) {
      events.push({ type: 'gap', reason: 'data_lost', sale_id: saleId });
    }
    if (event !== null) events.push(event);
  }
  return events;
}

/** state|quantity|deadline_ms|digest|buyer, which every change has in its own sense. */
function readChange(saleId: number, available: number, about: string, record: string): StockEvent | null {
  const [letter = '', second, third, , ...rest] = record.split('|');
  const sale_id = saleId;
  const buyer_id = rest.join('|') || null;
  if (letter === 'C') {
    const [units, added] = [Number(second), Number(third)];
    return { type: 'stock.returned', sale_id, units, added, buyer_id, available };
  }
  if (letter === 'B') {
    const [allotment, epoch] = [Number(second), Number(about)];
    return { type: 'sale.rebuilt', sale_id, epoch, may_have_lost_data: third === '1', allotment, available };
  }
  const change = CHANGE_OF[letter];
  if (change === undefined) return null;
  return {
    type: `hold.${change}`,
    sale_id,
    hold_id: holdIdOf(saleId, about),
    quantity: Number(second),
    buyer_id,
    expires_at: new Date(Number(third)).toISOString(),
    available,
  };
}
