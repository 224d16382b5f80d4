/** What is said before a sale is paused, resumed, ended or halted: what it does to whom. */

import { counted } from '../look/format.ts';
import type { SaleUnits } from './sale-row.ts';

type Units = Pick<SaleUnits, 'available' | 'held' | 'ordered'>;

export const CONSEQUENCES: Readonly<
  Record<'pause' | 'resume' | 'end' | 'halt', (units: Units) => readonly string[]>
> = {
  pause: ({ held }) => [
    'Nobody can hold units until it is resumed.',
    `Kept, and may be ordered and paid: ${said(held, 'held')}.`,
  ],
  resume: ({ available }) => [`Buyers can hold at once: ${said(available, 'available')}.`],
  end: ({ available, held, ordered }) => [
    `Not sold any more: ${said(available, 'available')}.`,
    `May still be ordered: ${said(held, 'held')}; may still be paid: ${said(ordered, 'ordered')}.`,
    'Then it is over, and cannot be opened again.',
  ],
  halt: ({ held, ordered }) => [
    'From now on nothing is held and nothing becomes an order, even while Redis is away.',
    `Will expire: ${said(held, 'held')}; can still be paid: ${said(ordered, 'ordered')}.`,
    'After that: pause it and resume, or end it.',
  ],
};

/** @param units null: nobody knows, because Redis is away */
function said(units: number | null, kind: string): string {
  return units === null ? `an unknown number of ${kind} units` : counted(units, `${kind} unit`);
}
