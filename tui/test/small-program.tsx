/** The smallest program that has everything to give back: each key is one way to end it. */

import { Box, Text, render, useApp, useInput, usePaste } from 'ink';
import { useState } from 'react';
import { guardTerminal } from '../terminal/guard.ts';
import { presses } from '../terminal/presses.ts';
import { openScreenModes } from '../terminal/screen-modes.ts';
import { type LentTerminal, lendTerminal } from '../terminal/suspend.ts';
import { openTtyIn } from '../terminal/tty-in.ts';

const modes = openScreenModes();
modes.mouse(true);
modes.title('small program');
let seen = 'nothing';
const stdin = openTtyIn(({ kind, column, row }) => (seen = `${kind} ${column},${row}`));
let lent: LentTerminal | undefined;

function Program() {
  const { exit, suspendTerminal } = useApp();
  const [pressed, setPressed] = useState('');
  const [isBroken, setBroken] = useState(false);
  const terminal = (lent ??= lendTerminal(suspendTerminal, modes));
  const ways: Record<string, () => unknown> = {
    q: exit,
    5: () => exit(5),
    'ctrl+c': exit,
    'ctrl+z': terminal.stop,
    'ctrl+l': terminal.redraw,
    r: () => setBroken(true),
    t: () => setTimeout(() => fail('in a timer'), 0),
    p: () => void Promise.reject(new Error('in a promise')),
    x: () => process.exit(3),
    v: () => terminal.page('page one\n', ['sh', '-c', 'cat; read answer </dev/tty; echo "read: $answer"']),
  };
  useInput((input, key) => {
    for (const { name } of presses(input, key)) {
      setPressed((before) => `${before} ${name}`);
      ways[name]?.();
    }
  });
  usePaste(() => undefined);
  if (isBroken) fail('in render');
  return (
    <Box width={60} height={12} overflow="hidden" flexDirection="column">
      <Text>small program</Text>
      <Text>pressed:{pressed}</Text>
      <Text>seen: {seen}</Text>
    </Box>
  );
}

function fail(where: string): never {
  throw new Error(where);
}

guardTerminal({
  lastWords: () => '2 changes made.',
  open: () =>
    render(<Program />, {
      alternateScreen: true,
      incrementalRendering: true,
      exitOnCtrlC: false,
      patchConsole: false,
      interactive: true,
      stdin,
    }),
});
