/**
 * Named points between two store calls. In production reaching one does nothing; the crash tests start a process
 * that kills itself with SIGKILL at one of them, and then check what the others make of it.
 */
export const REACHABLE_POINTS = [
  'hold.decided',
  'order.pinned',
  'order.written',
  'order.committed',
  'order.settled',
  'give.committed',
  'give.credited',
  'give.acknowledged',
  'delivery.recorded',
  'payment.taken',
  'payment.committed',
  'replay.processed',
  'pin.voided',
  'change.made',
  'shrink.taken',
  'shrink.committed',
  'sale.changed',
  'hold.changed',
  'rebuild.raised',
  'rebuild.begun',
  'rebuild.kept',
  'rebuild.read',
  'rebuild.noted',
  'rebuild.armed',
] as const;

export type ReachablePoint = (typeof REACHABLE_POINTS)[number];
export type Reach = (point: ReachablePoint) => void;
