/** What Ink does not switch: mouse and window title. Straight to the terminal, between frames. */

import { MOUSE_OFF, POP_TITLE } from '@flash-sale/shared/screen-off.ts';

const MOUSE_ON = '\x1b[?1000h\x1b[?1006h';
const PUSH_TITLE = '\x1b[22;0t';

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
