/** A line on the screen: one `Text`, drawn anew only when the line is another one. */

import { createContext, memo, useContext } from 'react';
import { Text } from 'ink';
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
