import type { Services } from './services.ts';

/** What a feature keeps for one process, made on first use: batches under way, say. It ends with its services. */
export function perProcess<Kept>(make: (services: Services) => Kept): (services: Services) => Kept {
  const kept = new WeakMap<Services, Kept>();
  return (services) => {
    const before = kept.get(services);
    if (before !== undefined) return before;
    const made = make(services);
    kept.set(services, made);
    return made;
  };
}
