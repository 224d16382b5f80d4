/** The terminal at an API of a test: the real screen with its keys, drawn on an emulator. */

import { BOOTSTRAP_TOKEN, type World } from '@flash-sale/api/test/world.ts';
import { App } from '../frame/app.tsx';
import { recite } from '../linear/speech.ts';
import { openSpeaker } from '../linear/linear.ts';
import { Keyboard } from '../open.tsx';
import { openDesk } from '../open-desk.ts';
import type { Context } from '../state/state.ts';
import type { Sight, Size } from './emulator.ts';
import { bytesOf, mountScreen, type KeyName } from './screen.tsx';

interface Options extends Size {
  readonly token?: string;
  /** Of the operators' listener, when it is reached over something. */
  readonly url?: string;
  readonly context?: Partial<Context>;
  readonly isReducedMotion?: boolean;
  readonly isAscii?: boolean;
  readonly isColoured?: boolean;
  /** Then `spoken` is what is said. */
  readonly isLinear?: boolean;
}

export type MountedDesk = ReturnType<typeof mountDesk>;

/** Mounts one at a time: colours are the process's. */
export function mountDesk(world: Pick<World, 'listening'>, options: Options) {
  const { columns, rows, token = BOOTSTRAP_TOKEN, url = originOf(world), isReducedMotion = false } = options;
  const { isLinear = false, isAscii = false, isColoured = false } = options;
  const copied: string[] = [];
  let quits = 0;
  const { desk, frames, close } = openDesk({
    url,
    token,
    buyers: { apiUrl: new URL(world.listening.url).origin, secret: null },
    columns,
    rows,
    isReducedMotion,
    isLinear,
    framesPerSecond: 10,
    context: { name: 'test', url, color: null, isReadOnly: false, ownsStack: false, ...options.context },
    screen: {
      copy: (text) => void copied.push(text),
      recite: () => speaker.say(recite(frames.get())),
      page: () => {},
      redraw: () => {},
      suspend: () => {},
      toggleMouse: () => {},
      quit: () => void (quits += 1),
    },
  });
  let spoken = '';
  const speaker = openSpeaker(frames, (text) => void (spoken += text));
  const screen = mountScreen(
    <Keyboard desk={desk} frames={frames} onReady={() => {}}>
      <App frames={frames} isAscii={isAscii} />
    </Keyboard>,
    { columns, rows },
    isColoured ? 1 : 0,
  );
  return {
    desk,
    frames,
    screen: screen.screen,
    cells: screen.cells,
    drawn: () => screen.drawn(),
    resize: (size: Size) => screen.resize(size),
    /** Fails with the screen as it is when it does not show that in time. */
    waitFor: (sight: Sight) => screen.waitFor(sight),
    /** Names of keys, or text that is typed: `press('2', 'j', 'enter', 'buyer-7')`. Each is one batch of bytes. */
    press: async (...keys: (KeyName | (string & {}))[]) => {
      for (const key of keys) {
        screen.type(isKeyName(key) ? bytesOf(key) : key);
        // A lone escape is told from the beginning of a sequence by what follows within 20 ms.
        if (key === 'escape') await Bun.sleep(ESCAPE_MS);
      }
      await screen.drawn();
    },
    copied,
    spoken: () => spoken,
    quits: () => quits,
    close() {
      close();
      screen.unmount();
    },
  };
}

const ESCAPE_MS = 40;

function isKeyName(key: string): key is KeyName {
  return /^ctrl\+[a-z]$/.test(key) || NAMED.has(key);
}

const NAMED: ReadonlySet<string> = new Set<KeyName>([
  'enter',
  'escape',
  'tab',
  'shift+tab',
  'backspace',
  'delete',
  'up',
  'down',
  'right',
  'left',
  'home',
  'end',
  'pageup',
  'pagedown',
]);

/** Without a slash at its end. */
function originOf({ listening }: Pick<World, 'listening'>): string {
  return new URL(listening.opsUrl).origin;
}
