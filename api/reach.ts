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
  'delivery.recorded',
  'payment.taken',
  'payment.committed',
  'pin.voided',
  'shrink.taken',
  'shrink.committed',
  'rebuild.raised',
  'rebuild.begun',
  'rebuild.read',
] as const;

export type ReachablePoint = (typeof REACHABLE_POINTS)[number];
export type Reach = (point: ReachablePoint) => void;
