import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createWorld, type World } from '../world.ts';
import { WALK_FOLDER } from './collection.ts';
import { COLLECTION_FILE, generate } from './generate.ts';
import { runNewman } from './newman.ts';
import { WALK } from './walk.ts';

const WEBHOOK_SECRET = 'whsec_c2VjcmV0IG9mIHRlc3RzIGFuZCBvZiBub3RoaW5nIGVsc2U=';
const STRIPE_WEBHOOK_SECRET = 'whsec_of_tests_and_of_nothing_else';

let world: World;
beforeAll(async () => {
  world = await createWorld({ workers: true });
});
afterAll(() => world.close());

describe('the Postman collection', () => {
  test('is made from the documents as they are now; else run `bun run postman` and commit', async () => {
    const committed = await Bun.file(COLLECTION_FILE).text();
    const generated = await generate(world);
    // Said in words: the difference of two long texts helps nobody.
    expect(committed === generated ? 'up to date' : 'run `bun run postman`, and commit').toBe('up to date');
  });

  test('is all right in newman, every request of it, on a real server', async () => {
    const { requests, assertions, failures } = await runNewman(world);
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(WALK.length + 20);
    expect(assertions).toBeGreaterThan(3 * requests);
  }, 60_000);

  test('signs webhooks where that is asked for', async () => {
    const env = { WEBHOOK_SECRET, STRIPE_WEBHOOK_SECRET };
    const careful = await createWorld({ workers: true, env });
    const variables = { webhookSecret: WEBHOOK_SECRET, stripeWebhookSecret: STRIPE_WEBHOOK_SECRET };
    const { failures } = await runNewman(careful, { folder: WALK_FOLDER, variables });
    await careful.close();
    expect(failures).toEqual([]);
  }, 60_000);

  test('notices a server that does not do what it says', async () => {
    const { failures } = await runNewman(world, { folder: WALK_FOLDER, variables: { token: 'nobody' } });
    expect(failures.join('\n')).toContain('Create a product: answers 201');
    expect(failures.length).toBeGreaterThan(WALK.length);
  }, 60_000);
});
