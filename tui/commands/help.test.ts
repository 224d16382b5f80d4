import { describe, expect, test } from 'bun:test';
import { ERROR_CODES } from '@flash-sale/shared/contracts/reply.ts';
import { SHARED_FLAGS } from '../config.ts';
import { widthOf } from '../look/text.ts';
import { commandsOf } from '../test/run-command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT_CODES, exitCodeOf } from './exit-codes.ts';
import { commonFlags } from './read-command.ts';

const run = commandsOf();

describe.each(COMMANDS.map((command) => [command.words, command] as const))('%s --help', (words, command) => {
  test('says what it does, what it takes, and what each flag is for', async () => {
    const { code, out, err } = await run(`${words} --help`);
    expect([code, err]).toEqual([0, '']);
    expect(out).toStartWith(`${command.summary}.\n\nUsage: flashsale ${words}`);
    for (const [name, { says }] of Object.entries({ ...command.flags, ...commonFlags(command) })) {
      const lines = out.split('\n').filter((line) => line.startsWith(`  --${name} `));
      expect([name, lines.length]).toEqual([name, 1]);
      expect(out.replaceAll(/\n +/g, ' ')).toContain(says);
    }
    for (const { name, says } of Object.values(command.takes)) {
      expect(out).toMatch(new RegExp(`^  ${name} +${says}`, 'm'));
    }
    for (const field of command.shape?.fields ?? []) expect(out).toContain(field);
    expect(out.split('\n').filter((line) => widthOf(line) > 100)).toEqual([]);
    expect((await run(`help ${words}`)).out).toBe(out);
  });

  test('has names and sentences like all others', () => {
    const own = Object.keys(command.flags);
    const common = Object.keys({ ...commonFlags(command), ...SHARED_FLAGS });
    expect(own.filter((name) => common.includes(name))).toEqual([]);
    expect(command.summary).toMatch(/^[A-Z].*[^.]$/);
    const sayings = [...Object.values(command.takes), ...Object.values(command.flags)].map(
      ({ says }) => says,
    );
    expect(sayings.filter((says) => !/^[^A-Z].*[^.]$/.test(says))).toEqual([]);
  });
});

test('each command has a name of its own', () => {
  const words = COMMANDS.map((command) => command.words);
  expect(words).toEqual([...new Set(words)]);
});

test('help lists all of them, or those about one thing, or the exit codes', async () => {
  const all = (await run('help')).out;
  for (const { words } of COMMANDS) expect(all).toContain(`  ${words} `);
  const holds = (await run('help holds')).out;
  expect([holds.includes('holds release'), holds.includes('sales')]).toEqual([true, false]);
  expect((await run('help exit-codes')).out).toMatch(/^ {2}6 +the API did not answer/m);
  expect(await run('help nothing')).toMatchObject({ code: 2, out: '' });
});

test('every refusal of the API has an exit code that is documented, and none is 0', () => {
  const documented = EXIT_CODES.map(([code]) => code);
  for (const code of [...ERROR_CODES, 'unreachable'] as const) {
    expect([code, documented.includes(exitCodeOf(code)), exitCodeOf(code) === 0]).toEqual([
      code,
      true,
      false,
    ]);
  }
});
