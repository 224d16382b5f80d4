/** The screen: lines, one under the other, drawn anew where they are other ones. */

import { useRef, useSyncExternalStore } from 'react';
import { Box } from 'ink';
import { AsciiOnly, LineText } from '../look/line-text.tsx';
import type { Frame, Frames } from '../state/frames.ts';
import { pictureOf, settle, type Picture } from './picture.ts';

interface AppProps {
  readonly frames: Frames;
  readonly isAscii: boolean;
}

export function App({ frames, isAscii }: AppProps) {
  const drawn = useRef<{ readonly frame: Frame; readonly picture: Picture } | null>(null);
  // The same picture for a frame that looks the same: React, and Ink with it, then has nothing to do.
  const picture = useSyncExternalStore(frames.subscribe, () => {
    const frame = frames.get();
    if (drawn.current?.frame !== frame) {
      drawn.current = { frame, picture: settle(drawn.current?.picture ?? null, pictureOf(frame)) };
    }
    return drawn.current.picture;
  });
  // Not `columns` wide: while the terminal is resized Ink draws the old frame once more, cut to the new width.
  return (
    <AsciiOnly value={isAscii}>
      <Box flexDirection="column" width="100%" height={picture.lines.length} overflow="hidden">
        {picture.lines.map((line, row) => (
          <LineText key={row} line={line} width={picture.columns} />
        ))}
      </Box>
    </AsciiOnly>
  );
}
