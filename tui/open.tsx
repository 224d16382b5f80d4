/** Opens the terminal on the screen. */

import { useEffect } from 'react';
import { render, useApp, useInput, usePaste, useWindowSize } from 'ink';
import { paste, press } from './actions/dispatch.ts';
import { changesMade } from './activity/journal.ts';
import type { Settings } from './config.ts';
import type { Desk } from './desk.ts';
import { App } from './frame/app.tsx';
import { click } from './frame/mouse.ts';
import { counted } from './look/format.ts';
import { openDesk, type OpenDesk } from './open-desk.ts';
import type { Frames } from './state/frames.ts';
import { copy, type Surroundings } from './terminal/clipboard.ts';
import { guardTerminal } from './terminal/guard.ts';
import { presses } from './terminal/presses.ts';
import { openScreenModes } from './terminal/screen-modes.ts';
import { lendTerminal, type LentTerminal } from './terminal/suspend.ts';
import { openTtyIn } from './terminal/tty-in.ts';

/** Ends the process when the operator is done. */
export function openTerminal(settings: Settings, surroundings: Surroundings): void {
  let opened: OpenDesk | undefined;
  guardTerminal({
    open() {
      const modes = openScreenModes();
      let lent: LentTerminal | undefined;
      let leave: () => void = () => {};
      let hasMouse = settings.mouse;
      const { desk, frames } = (opened = openDesk({
        ...startOf(settings),
        screen: {
          copy: (text, what) => desk.say(`${what}: ${copy(text, surroundings)}`, 'good'),
          redraw: () => void lent?.redraw(),
          suspend: () => void lent?.stop(),
          toggleMouse() {
            hasMouse = !hasMouse;
            modes.mouse(hasMouse);
            desk.say(hasMouse ? 'Mouse on. Shift selects text.' : 'Mouse off.');
          },
          quit: () => void quit(desk, leave),
        },
      }));
      if (hasMouse) modes.mouse(true);
      modes.title(`flash sale: ${settings.context}`);
      const stdin = openTtyIn({ onMouse: (event) => click(desk, event), onFocus: () => {} });
      const ready = (app: ReturnType<typeof useApp>) => {
        leave = app.exit;
        lent = lendTerminal(app.suspendTerminal, modes);
      };
      return render(<Opened desk={desk} frames={frames} isAscii={settings.ascii} onReady={ready} />, {
        stdin,
        alternateScreen: true,
        incrementalRendering: true,
        maxFps: 30,
        exitOnCtrlC: false,
        patchConsole: false,
        interactive: true,
      });
    },
    lastWords: () => lastWords(opened?.desk),
  });
}

function startOf({
  context,
  contextColor,
  url,
  token,
  readOnly,
  withStack,
  framesPerSecond,
  reducedMotion,
}: Settings) {
  return {
    url,
    token,
    framesPerSecond,
    context: { name: context, url, color: contextColor, isReadOnly: readOnly, ownsStack: withStack },
    columns: process.stdout.columns,
    rows: process.stdout.rows,
    isReducedMotion: reducedMotion,
  };
}

interface OpenedProps {
  readonly desk: Desk;
  readonly frames: Frames;
  readonly isAscii: boolean;
  readonly onReady: (app: ReturnType<typeof useApp>) => void;
}

/** The screen with its keys. */
export function Opened({ desk, frames, isAscii, onReady }: OpenedProps) {
  const app = useApp();
  const { columns, rows } = useWindowSize();
  useEffect(() => onReady(app), [app, onReady]);
  useEffect(() => {
    desk.store.set((state) => ({ ...state, columns, rows }));
    frames.flush();
  }, [desk, frames, columns, rows]);
  useInput((input, key) => {
    for (const one of presses(input, key)) press(desk, one);
    frames.flush();
  });
  usePaste((text) => {
    paste(desk, text);
    frames.flush();
  });
  return <App frames={frames} isAscii={isAscii} />;
}

async function quit(desk: Desk, leave: () => void): Promise<void> {
  const { context, overview } = desk.store.get();
  if (!context.ownsStack) {
    leave();
    return;
  }
  const live = overview?.sales.filter(({ state }) => state === 'live').length ?? 0;
  const isSure = await desk.ask.confirm({
    title: 'Stop everything?',
    lines: [
      [{ text: 'The API, Redis and MariaDB were started with this terminal and stop with it.' }],
      [{ text: `${counted(live, 'live sale')} will not sell until it is started again. Nothing is lost.` }],
    ],
    verb: 'stop everything',
  });
  if (isSure) leave();
}

function lastWords(desk: Desk | undefined): string {
  if (desk === undefined) return '';
  const { context, journal } = desk.store.get();
  const changes = changesMade(journal);
  const unknown = journal.entries.filter(({ state }) => state === 'unknown' || state === 'sending').length;
  const doubt =
    unknown === 0
      ? ''
      : `; of ${counted(unknown, 'change')} nobody knows whether it was made: see the audit log`;
  return `flash sale, ${context.name}: ${counted(changes, 'change')} made${doubt}.`;
}
