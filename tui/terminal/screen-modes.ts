/** What Ink does not switch: mouse and window title. Straight to the terminal, between frames. */

const MOUSE_ON = '\x1b[?1000h\x1b[?1006h';
const MOUSE_OFF = '\x1b[?1006l\x1b[?1000l';
const FOCUS_OFF = '\x1b[?1004l';
const PUSH_TITLE = '\x1b[22;0t';
const POP_TITLE = '\x1b[23;0t';

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

export interface ScreenModes {
  /** On, the terminal's own selection needs shift: let the operator choose. */
  mouse(isOn: boolean): void;
  title(text: string): void;
  /** For the time that the terminal is somebody else's; `resume` brings back what was chosen. */
  pause(): void;
  resume(): void;
}

/** `guardTerminal` ends what this begins. */
export function openScreenModes(
  write: (text: string) => unknown = (text) => process.stdout.write(text),
): ScreenModes {
  let hasMouse = false;
  let shown = '';
  const resume = (): void => {
    write(PUSH_TITLE + shown + (hasMouse ? MOUSE_ON : ''));
  };
  resume();
  return {
    mouse(isOn) {
      hasMouse = isOn;
      write(isOn ? MOUSE_ON : MOUSE_OFF);
    },
    title(text) {
      // A control character would end the title and begin something else.
      shown = `\x1b]2;${text.replace(/\p{Cc}/gu, ' ')}\x07`;
      write(shown);
    },
    pause() {
      write(MOUSE_OFF + POP_TITLE);
    },
    resume,
  };
}
