import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { BOOTSTRAP_TOKEN, createWorld, type World } from '@flash-sale/api/test/world.ts';
import { startPty } from '../test/pty.ts';
import { commandsOf } from '../test/run-command.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({ workers: true });
  await world.sale();
});
afterAll(() => world.close());

const FLASHSALE = join(import.meta.dir, '../flashsale.ts');

describe('doctor', () => {
  test('ends with 0 where it only warns, and tells programs what it found', async () => {
    const { code, out, err } = await commandsOf(world)('doctor --json --deep');
    expect([code, err]).toEqual([0, '']);
    const checks = JSON.parse(out) as { name: string; verdict: string; says: string; fix: string | null }[];
    expect(checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([
      {
        name: 'webhooks',
        verdict: 'warn',
        says: expect.any(String),
        fix: expect.stringContaining('WEBHOOK_SECRET'),
      },
      { name: 'terminal', verdict: 'warn', says: expect.any(String), fix: expect.stringContaining('ssh -t') },
    ]);
    expect(checks.at(-2)).toMatchObject({ name: 'audit log', verdict: 'ok', fix: null });
  });

  test('ends with 1 where something is wrong, with a fix under it', async () => {
    const environment = { OPERATOR_TOKEN: 'fsop_that_nobody_ever_made_for_anybody' };
    const { code, out } = await commandsOf(world)('doctor', { environment });
    expect(code).toBe(1);
    expect(out).toMatch(/^✓ ok {4}address +127\.0\.0\.1 is 127\.0\.0\.1$/m);
    expect(out).toMatch(/^× no {4}token +the API does not know it.*\n +→ ask an admin for a new one/m);
  });

  test('says what is wrong with the settings instead of refusing to look', async () => {
    const environment = { FLASHSALE_URL: 'nowhere', OPERATOR_TOKEN: 'short' };
    const { code, out } = await commandsOf(world)('doctor --ndjson', { environment });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      name: 'settings',
      verdict: 'no',
      fix: expect.stringMatching(/FLASHSALE_URL: expected.*OPERATOR_TOKEN: expected/),
    });
  });

  test('on a terminal it asks that too, loses no word to the edge, and leaves it as it was', async () => {
    const columns = 60;
    const env = {
      FLASHSALE_URL: new URL(world.listening.opsUrl).origin,
      OPERATOR_TOKEN: BOOTSTRAP_TOKEN,
    };
    await using pty = startPty([process.execPath, FLASHSALE, 'doctor'], { columns, rows: 60, env });
    expect(await pty.exited).toBe(0);
    const screen = await pty.waitFor('clipboard');
    expect(screen).toMatch(/✓ ok +characters +are as wide as they should be/);
    expect(screen).toMatch(/✓ ok +colours +256/);
    expect(screen).toMatch(/✓ ok +size +60 columns, 60 rows/);
    expect(screen).toMatch(/the API\n +runs, as the payment provider has them/);
    expect(screen).not.toContain('…');
    expect((await pty.modes()).raw).toBe(false);
  });
});
