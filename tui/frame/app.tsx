/** The whole screen, drawn from one frame. */

import { useSyncExternalStore } from 'react';
import { Box } from 'ink';
import { actionsOf } from '../actions/dispatch.ts';
import { dialogLines } from '../dialogs/dialog-lines.ts';
import { AsciiOnly, LineText, Lines } from '../look/line-text.tsx';
import { span, wrapLine } from '../look/span.ts';
import { viewOf } from '../rooms/rooms.ts';
import type { Frame, Frames } from '../state/frames.ts';
import type { State } from '../state/state.ts';
import { Body } from './body.tsx';
import { footerLine } from './footer.ts';
import { headerLine, tabsLine } from './header.ts';
import { HELP_WIDTH, helpWindow } from './help.ts';
import { COLUMNS_MIN, layoutOf, ROWS_MIN } from './layout.ts';
import { Overlay } from './overlay.tsx';
import { paletteLines } from './palette.ts';
import { statusLine } from './status.ts';

interface AppProps {
  readonly frames: Frames;
  readonly isAscii: boolean;
}

export function App({ frames, isAscii }: AppProps) {
  const frame = useSyncExternalStore(frames.subscribe, frames.get);
  return (
    <AsciiOnly value={isAscii}>
      <Screen frame={frame} />
    </AsciiOnly>
  );
}

function Screen({ frame }: { readonly frame: Frame }) {
  const { state } = frame;
  const { columns, rows } = state;
  if (columns < COLUMNS_MIN || rows < ROWS_MIN) return <TooSmall columns={columns} rows={rows} />;
  const view = viewOf(state);
  const layout = layoutOf(frame, view);
  // Not `columns` wide: while the terminal is resized Ink draws the old frame once more, cut to the new width.
  return (
    <Box flexDirection="column" width="100%" height={rows} overflow="hidden">
      <LineText line={headerLine(frame, columns)} width={columns} />
      <LineText line={tabsLine(state, columns)} width={columns} />
      <Box height={rows - 4} overflow="hidden">
        <Body frame={frame} view={view} layout={layout} />
      </Box>
      <LineText line={statusLine(frame, view, layout, columns)} width={columns} />
      <LineText line={footerLine(actionsOf(state), state, columns)} width={columns} />
      <Overlays frame={frame} />
    </Box>
  );
}

function Overlays({ frame }: { readonly frame: Frame }) {
  const { state, localMs } = frame;
  const size = { columns: state.columns, rows: state.rows - 1 };
  const { dialog, palette } = state;
  if (dialog !== null) {
    const lines = (width: number, height: number) => dialogLines(dialog, { width, height }, localMs);
    return <Overlay {...size} title={dialog.title} lines={lines} wish={76} />;
  }
  if (state.helpTop !== null) return <Help state={state} {...size} />;
  if (palette === null) return null;
  const actions = actionsOf({ ...state, palette: null });
  return (
    <Overlay
      {...size}
      title="Command"
      wish={90}
      lines={(width, height) =>
        paletteLines(state, palette, actions, { width, height: Math.min(height, 14) })
      }
    />
  );
}

interface HelpProps {
  readonly state: State;
  readonly columns: number;
  readonly rows: number;
}

function Help({ state, columns, rows }: HelpProps) {
  const { lines, isLong } = helpWindow(actionsOf({ ...state, helpTop: null }), state);
  const title = isLong ? 'Keys (j and k move)' : 'Keys';
  return <Overlay title={title} lines={() => lines} wish={HELP_WIDTH} columns={columns} rows={rows} />;
}

function TooSmall({ columns, rows }: { readonly columns: number; readonly rows: number }) {
  const says = `${columns}x${rows} is too small: at least ${COLUMNS_MIN}x${ROWS_MIN}, please.`;
  return <Lines lines={wrapLine([span(says, 'warn')], columns)} width={columns} height={rows} />;
}
