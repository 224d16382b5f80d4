/** Opens the terminal: on a screen, or line by line for who listens to it. */

import { useEffect, type ReactNode } from 'react';
import { render, useApp, useInput, usePaste, useWindowSize, type RenderOptions } from 'ink';
import { paste, press } from './actions/dispatch.ts';
import { PROCESS_ENVIRONMENT, webhookSecretOf, type Settings } from './config.ts';
import type { Desk } from './desk.ts';
import { App } from './frame/app.tsx';
import { click } from './frame/mouse.ts';
import { lastWords, quit } from './frame/quit.ts';
import { openSpeaker, type Speaker } from './linear/linear.ts';
import { recite } from './linear/speech.ts';
import { openDesk, type OpenDesk } from './open-desk.ts';
import type { Frames } from './state/frames.ts';
import { copy, type Surroundings } from './terminal/clipboard.ts';
import { clearOnResize } from './terminal/clear-on-resize.ts';
import { guardTerminal } from './terminal/guard.ts';
import { presses } from './terminal/presses.ts';
import { openScreenModes } from './terminal/screen-modes.ts';
import { lendTerminal, type LentTerminal } from './terminal/suspend.ts';
import { openTtyIn } from './terminal/tty-in.ts';

/** Ends the process when the operator is done. */
export function openTerminal(
  settings: Settings,
  surroundings: Surroundings & { readonly pager: string[] },
): void {
  let opened: OpenDesk | undefined;
  guardTerminal({
    open() {
      const modes = openScreenModes();
      let lent: LentTerminal | undefined;
      let speaker: Speaker | undefined;
      let leave: () => void = () => {};
      let hasMouse = settings.mouse;
      const { desk, frames } = (opened = openDesk({
        ...startOf(settings),
        screen: {
          copy(text, what) {
            const { isCopied, says } = copy(text, surroundings);
            desk.say(`${what}: ${says}`, isCopied ? 'good' : 'warn');
          },
          recite: () => speaker?.say(recite(frames.get())),
          page: (text) => void lent?.page(text, surroundings.pager),
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
      if (settings.linear) speaker = openSpeaker(frames, (text) => process.stdout.write(text));
      if (hasMouse) modes.mouse(true);
      modes.title(`flash sale: ${settings.context}`);
      const stdin = openTtyIn((event) => click(desk, event));
      const ready = (app: ReturnType<typeof useApp>) => {
        leave = app.exit;
        lent = lendTerminal(app.suspendTerminal, modes);
      };
      const app = render(
        <Keyboard desk={desk} frames={frames} onReady={ready}>
          {settings.linear ? null : <App frames={frames} isAscii={settings.ascii} />}
        </Keyboard>,
        { ...RENDERING, alternateScreen: !settings.linear, stdin },
      );
      if (!settings.linear) clearOnResize(app, process.stdout);
      return app;
    },
    lastWords: () => (opened === undefined ? '' : lastWords(opened.desk)),
  });
}

const RENDERING = {
  incrementalRendering: true,
  maxFps: 30,
  exitOnCtrlC: false,
  patchConsole: false,
  // Ours to decide, and decided: both ends are terminals, even where CI is set.
  interactive: true,
} as const satisfies RenderOptions;

function startOf(settings: Settings) {
  const { context, contextColor, url, apiUrl, token, readOnly, withStack, framesPerSecond } = settings;
  return {
    url,
    token,
    buyers: { apiUrl, secret: webhookSecretOf(PROCESS_ENVIRONMENT) },
    framesPerSecond,
    context: { name: context, url, color: contextColor, isReadOnly: readOnly, ownsStack: withStack },
    columns: process.stdout.columns,
    rows: process.stdout.rows,
    isReducedMotion: settings.reducedMotion,
    isLinear: settings.linear,
  };
}

interface KeyboardProps {
  readonly desk: Desk;
  readonly frames: Frames;
  readonly onReady: (app: ReturnType<typeof useApp>) => void;
  readonly children: ReactNode;
}

/** What is pressed, pasted and resized goes to the desk, and is seen at once. */
export function Keyboard({ desk, frames, onReady, children }: KeyboardProps) {
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
  return children;
}
