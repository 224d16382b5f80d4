import { expect, test } from 'bun:test';
import { Box, Text, useInput, useWindowSize } from 'ink';
import { useState } from 'react';
import { mountScreen } from './screen.tsx';

function Program() {
  const { columns, rows } = useWindowSize();
  const [typed, setTyped] = useState('');
  useInput((input) => setTyped((before) => before + input));
  return (
    <Box width={columns} height={rows} overflow="hidden" flexDirection="column">
      <Text color="green">
        {columns}x{rows}
      </Text>
      <Box flexGrow={1} borderStyle="single">
        <Text wrap="truncate">⚡{typed}</Text>
      </Box>
    </Box>
  );
}

const SIZES = [
  { columns: 40, rows: 10 },
  { columns: 21, rows: 5 },
  { columns: 60, rows: 14 },
];

test('what was drawn bit by bit equals a fresh drawing, cell for cell', async () => {
  const screen = mountScreen(<Program />, { columns: 30, rows: 8 }, 1);
  await screen.drawn();
  for (const size of SIZES) {
    screen.resize(size);
    screen.type('ab');
    await screen.waitFor(`${size.columns}x${size.rows}`);
    await screen.drawn();
  }
  await screen.waitFor('⚡ababab');
  const incremental = screen.cells();
  screen.unmount();

  const fresh = mountScreen(<Program />, { columns: 60, rows: 14 }, 1);
  await fresh.drawn();
  fresh.type('ababab');
  await fresh.waitFor('⚡ababab');
  expect(incremental).toEqual(fresh.cells());
  fresh.unmount();
});

test('colours are as chosen for the mount, and cells tell them apart', async () => {
  const seen: { bytes: string; cells: string[]; text: string }[] = [];
  for (const colour of [0, 1] as const) {
    const screen = mountScreen(<Program />, { columns: 20, rows: 4 }, colour);
    await screen.drawn();
    seen.push({ bytes: screen.bytes(), cells: screen.cells(), text: screen.screen() });
    screen.unmount();
  }
  const [plain, coloured] = seen;
  expect(plain?.bytes).not.toContain('\x1b[32m');
  expect(coloured?.bytes).toContain('\x1b[32m');
  expect(coloured?.text).toBe(plain?.text ?? 'nothing');
  expect(coloured?.cells).not.toEqual(plain?.cells);
});

test('a wait that is in vain shows the screen', async () => {
  const screen = mountScreen(<Program />, { columns: 20, rows: 4 });
  expect(await screen.waitFor('never', 50).catch(String)).toContain(
    'waited for never, but the screen is:\n20x4',
  );
  screen.unmount();
});
