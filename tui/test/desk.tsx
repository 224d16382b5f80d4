/** The terminal at an API of a test: the real screen with its keys, drawn on an emulator. */

import { BOOTSTRAP_TOKEN, type World } from '@flash-sale/api/test/world.ts';
import { Opened } from '../open.tsx';
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
}

export type MountedDesk = ReturnType<typeof mountDesk>;

/** Mounts one at a time: colours are the process's. */
export function mountDesk(world: Pick<World, 'listening'>, options: Options) {
  const { columns, rows, token = BOOTSTRAP_TOKEN, url = originOf(world), isReducedMotion = false } = options;
  const copied: string[] = [];
  let quits = 0;
  const { desk, frames, close } = openDesk({
    url,
    token,
    columns,
    rows,
    isReducedMotion,
    framesPerSecond: 10,
    context: { name: 'test', url, color: null, isReadOnly: false, ownsStack: false, ...options.context },
    screen: {
      copy: (text) => void copied.push(text),
      redraw: () => {},
      suspend: () => {},
      toggleMouse: () => {},
      quit: () => void (quits += 1),
    },
  });
  const ready = () => {};
  const screen = mountScreen(<Opened desk={desk} frames={frames} isAscii={false} onReady={ready} />, {
    columns,
    rows,
  });
  return {
    desk,
    frames,
    screen: screen.screen,
    cells: screen.cells,
    resize: (size: Size) => screen.resize(size),
    /** Fails with the screen as it is when it does not show that in time. */
    waitFor: (sight: Sight) => screen.waitFor(sight),
    /** Names of keys, or text that is typed: `press('2', 'j', 'enter', 'buyer-7')`. Each is one batch of bytes. */
    async press(...keys: (KeyName | (string & {}))[]) {
      for (const key of keys) {
        screen.type(isKeyName(key) ? bytesOf(key) : key);
        // A lone escape is told from the beginning of a sequence by what follows within 20 ms.
        if (key === 'escape') await Bun.sleep(ESCAPE_MS);
      }
      await screen.drawn();
    },
    copied,
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
