import type { Instance } from 'ink';

const CLEAR_SCREEN = '\x1b[2J\x1b[H';

/**
 * Begins with an empty screen whenever its size changes. Some terminals keep what lay beyond a narrower edge, and show it
 * again when they are widened: Ink, which writes only what changed, would never touch it.
 */
export function clearOnResize(app: Pick<Instance, 'clear'>, stdout: NodeJS.WriteStream): void {
  // Before Ink's own listener, which draws.
  stdout.prependListener('resize', () => {
    app.clear();
    stdout.write(CLEAR_SCREEN);
  });
}
