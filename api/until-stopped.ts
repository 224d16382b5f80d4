const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** ctrl+c reaches us twice: from the terminal, and from the `bun run` above us, which hands it on. */
const SAME_PRESS_MS = 500;

/**
 * Resolves with the first signal that asks this process to stop. A later one ends it at once: somebody is
 * impatient, and being killed at any instant is safe.
 */
export function untilStopped(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let askedAtMs: number | null = null;
  // Where there is nothing to replace it asks for nothing; unheard it would kill.
  process.on('SIGUSR2', () => {});
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      askedAtMs ??= performance.now();
      if (performance.now() - askedAtMs > SAME_PRESS_MS) process.exit(1);
      resolve(signal);
    });
  }
  return promise;
}
