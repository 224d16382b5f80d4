/** Waits for something to become true, as short as possible. @throws with the last look when it does not. */
export async function until<Found>(
  look: () => Promise<Found | null | undefined | false> | Found | null | undefined | false,
  withinMs = 10_000,
): Promise<Found> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const found = await look();
      if (found !== null && found !== undefined && found !== false) return found;
      last = found;
    } catch (error) {
      last = error;
    }
    await Bun.sleep(10);
  }
  throw new Error(
    `not within ${withinMs} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
  );
}
