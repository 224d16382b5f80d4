/** Lines on the screen: one `Text` a line, drawn anew only when the line is another one. */

import { createContext, memo, useContext } from 'react';
import { Box, Text } from 'ink';
import { asciiOf, paintOf } from './look.ts';
import { fitLine, joined, sameLine, type Line } from './span.ts';

/** Whether only ASCII may be drawn; decided once, at the start. */
export const AsciiOnly = createContext(false);

interface LineTextProps {
  readonly line: Line;
  readonly width: number;
}

export const LineText = memo(
  function LineText({ line, width }: LineTextProps) {
    const isAscii = useContext(AsciiOnly);
    return (
      <Text wrap="truncate">
        {joined(fitLine(line, width)).map(({ text, tone, color, bold, inverse }, index) => (
          <Text
            key={index}
            {...paintOf(tone)}
            {...(color === undefined ? {} : { color })}
            {...(bold === true ? { bold } : {})}
            {...(inverse === true ? { inverse } : {})}
          >
            {isAscii ? asciiOf(text) : text}
          </Text>
        ))}
      </Text>
    );
  },
  (before, after) => before.width === after.width && sameLine(before.line, after.line),
);

interface LinesProps {
  readonly lines: readonly Line[];
  readonly width: number;
  /** Missing lines are blank, and those too many are not shown. */
  readonly height: number;
}

export function Lines({ lines, width, height }: LinesProps) {
  const shown = Array.from({ length: Math.max(0, height) }, (_, index) => lines[index] ?? []);
  return (
    <Box flexDirection="column" width={width} height={height}>
      {shown.map((line, index) => (
        <LineText key={index} line={line} width={width} />
      ))}
    </Box>
  );
}
