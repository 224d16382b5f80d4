/** Whether a sale's stream of events explains what Redis knows: the stock after every step, and every living hold. */

import { expectEqual } from './exact-look.ts';
import type { Photograph } from './photograph.ts';

/** What a change does to the units that are available. */
const TAKES = new Set(['H', 'P']);
const GIVES = new Set(['R', 'E', 'L', 'C']);
const ENDS = new Set(['R', 'E', 'L', 'O', 'W']);

export function expectTold(photo: Photograph): void {
  let available: number | null = null;
  const living = new Map<string, string>();
  for (const { available: after, changes } of photo.told) {
    const lines = changes.split('\n');
    if (lines.length % 2 !== 0 || lines.length === 0) throw new Error(`an entry that is no list: ${changes}`);
    for (let line = 0; line < lines.length; line += 2) {
      const [about = '', record = ''] = [lines[line], lines[line + 1]];
      const [letter = '', quantity, , , ...buyer] = record.split('|');
      if (letter === 'B') available = after;
      else if (available !== null && TAKES.has(letter)) available -= Number(quantity);
      else if (available !== null && GIVES.has(letter)) available += Number(quantity);
      if (TAKES.has(letter)) living.set(about, `${quantity}|${buyer.join('|')}`);
      if (ENDS.has(letter) && !living.delete(about)) throw new Error(`${about} ended and had not begun`);
    }
    if (available !== null) expectEqual('the stock that an event tells', after, available);
  }
  const stock = photo.meta.get('available');
  expectEqual('the stock that was told', available, stock === undefined ? null : Number(stock));
  const alive = [...photo.holds].filter(([, { state }]) => state === 'held' || state === 'pinned');
  const wanted = alive.map(([holdId, { quantity, buyerId }]) => `${holdId} ${quantity}|${buyerId ?? ''}`);
  const seen = [...living].map(([holdId, hold]) => `${holdId} ${hold}`);
  expectEqual('the living holds that were told', seen.sort(), wanted.sort());
}
