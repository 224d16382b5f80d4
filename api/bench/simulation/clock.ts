/** Simulated time: what is to happen, in the order in which it does. Nothing else moves the clock. */

export interface Clock {
  /** Microseconds since the beginning. */
  nowUs(): number;
  after(us: number, act: () => void): void;
  /** Until nothing is left to happen, or until then. */
  run(untilUs?: number): void;
}

interface Event {
  readonly atUs: number;
  /** What was said first happens first, so that a seed makes the same run. */
  readonly number: number;
  readonly act: () => void;
}

export function createClock(): Clock {
  const heap: Event[] = [];
  let nowUs = 0;
  let said = 0;
  return {
    nowUs: () => nowUs,
    after(us, act) {
      said += 1;
      insert(heap, { atUs: nowUs + us, number: said, act });
    },
    run(untilUs = Number.POSITIVE_INFINITY) {
      for (let first = heap[0]; first !== undefined && first.atUs <= untilUs; first = heap[0]) {
        removeFirst(heap);
        nowUs = first.atUs;
        first.act();
      }
    },
  };
}

const isBefore = (one: Event, other: Event): boolean =>
  one.atUs < other.atUs || (one.atUs === other.atUs && one.number < other.number);

function insert(heap: Event[], event: Event): void {
  let at = heap.length;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(event, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = event;
}

function removeFirst(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    let child = heap[below];
    const right = heap[below + 1];
    if (child !== undefined && right !== undefined && isBefore(right, child)) {
      below += 1;
      child = right;
    }
    if (child === undefined || !isBefore(child, last)) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = last;
}
