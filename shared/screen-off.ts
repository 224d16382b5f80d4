/** How a terminal gets its screen back, from whoever had it: the terminal itself, or `start` when that was killed. */

export const MOUSE_OFF = '\x1b[?1006l\x1b[?1000l';
export const POP_TITLE = '\x1b[23;0t';
const FOCUS_OFF = '\x1b[?1004l';

/**
 * Everything that we, Ink or a pager may have left on, off again, in one write: synchronised output first, so that
 * the rest is seen. Not the alternate screen: leaving it twice would put the cursor over the last words.
 */
export const EVERYTHING_OFF = [
  '\x1b[?2026l',
  '\x1b[>4;0m',
  '\x1b[?2004l',
  '\x1b[?1003l\x1b[?1002l',
  MOUSE_OFF,
  FOCUS_OFF,
  '\x1b[0m\x1b[?25h',
  POP_TITLE,
].join('');

/**
 * What Ink's unmount does, for when it failed. The keyboard of each screen is its own, so this pop has to come
 * before the alternate screen is left: after it, it would take the shell's.
 */
export const ALTERNATE_SCREEN_OFF = '\x1b[<u\x1b[?1049l';
