import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandsOf } from '../test/run-command.ts';

const run = commandsOf();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  mkdirSync(join(folder, '.config/flashsale'), { recursive: true });
  const context = '[contexts.staging]\nurl = "https://staging.example.com"\ntoken_env = "T"\n';
  writeFileSync(join(folder, '.config/flashsale/contexts.toml'), context);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What may come next, of words of which the last is being typed. */
async function next(...typed: string[]): Promise<string[]> {
  const { out } = await run(['complete', '--', ...typed], { environment: { HOME: folder } });
  return out.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
}

test('what may come next: nouns, verbs, flags, and what they take', async () => {
  expect(await next('sa')).toEqual(['sales']);
  expect(await next('sales', 're')).toEqual(['restock', 'resume']);
  expect(await next('sales', 'list', '--s')).toEqual(['--state']);
  expect(await next('sales', 'list', '--state', 'd')).toEqual(['draft', 'draining']);
  expect(await next('sales', 'list', '--fields', 'units.p')).toEqual(['units.paid']);
  expect(await next('refunds', 'refunded', '')).toEqual(
    expect.arrayContaining(['native', 'stripe', '--reference']),
  );
  expect(await next('sales', 'list', '--context', '')).toEqual(['staging']);
  expect(await next('context', 'use', 's')).toEqual(['staging']);
  expect(await next('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
  expect(await next('sales', 'end', '7', '--y')).toEqual(['--yes']);
  expect(await next('nothing', '')).toEqual([]);
});

test('where and as whom may be said before the command', async () => {
  expect(await next('--con')).toEqual(['--context']);
  expect(await next('--context', 'staging', 'sales', 'la')).toEqual(['launch']);
});

describe('the scripts', () => {
  const shells = [
    ['bash', ['bash', '-n']],
    ['zsh', ['zsh', '-n']],
    ['fish', ['fish', '--no-execute']],
  ] as const;
  for (const [shell, check] of shells) {
    test.skipIf(Bun.which(shell) === null)(`of ${shell} is right for ${shell}`, async () => {
      const file = join(folder, shell);
      writeFileSync(file, (await run(`completion ${shell}`)).out);
      const checked = Bun.spawnSync([...check, file]);
      expect([checked.exitCode, checked.stderr.toString()]).toEqual([0, '']);
    });
  }

  /** Where `flashsale` is this program, and there is one file. */
  async function inShell(
    shell: 'bash' | 'fish' | 'zsh',
    command: (script: string) => string[],
  ): Promise<string> {
    const bin = join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    const program = join(bin, 'flashsale');
    const main = join(import.meta.dir, '../flashsale.ts');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
    const script = join(folder, `script.${shell}`);
    writeFileSync(script, (await run(`completion ${shell}`)).out);
    writeFileSync(join(folder, 'payment.json'), '{}');
    const { stdout } = Bun.spawnSync(command(script), {
      cwd: folder,
      env: { PATH: `${bin}:/usr/bin:/bin`, HOME: folder },
    });
    return stdout.toString();
  }

  test('completes in a real bash', async () => {
    const typed = `COMP_WORDS=(flashsale sales la); COMP_CWORD=2; _flashsale; echo "\${COMPREPLY[@]}"`;
    expect(await inShell('bash', (script) => ['bash', '-c', `source '${script}'; ${typed}`])).toBe(
      'launch\n',
    );
  });

  test.skipIf(Bun.which('fish') === null)(
    'completes in a real fish, with files where one is taken',
    async () => {
      const complete = (typed: string) =>
        inShell('fish', (script) => [
          'fish',
          '--no-config',
          '-c',
          `source '${script}'; complete -C '${typed}'`,
        ]);
      expect(await complete('flashsale sales la')).toBe(
        'launch\tLaunch a sale now, even if its window were to open later\n',
      );
      expect(await complete('flashsale webhooks send pay')).toBe('payment.json\n');
    },
  );

  test.skipIf(Bun.which('zsh') === null)('completes in a real zsh', async () => {
    // What zsh shows of it needs a terminal; what it is given does not.
    const typed = `autoload -Uz compinit && compinit -u -D; source '%'; _describe() { print -l -- $found }; words=(flashsale sales la); CURRENT=3; _flashsale`;
    const told = await inShell('zsh', (script) => ['zsh', '-f', '-c', typed.replace('%', script)]);
    expect(told).toBe('launch:Launch a sale now, even if its window were to open later\n');
  });
});
