const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Resolves with the first signal that asks this process to stop. A second one ends it at once: somebody is
 * impatient, and being killed at any instant is safe.
 */
export function untilStopped(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      resolve(signal);
      process.on(signal, () => process.exit(1));
    });
  }
  return promise;
}
