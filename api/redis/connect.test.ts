import { afterAll, beforeAll, expect, test } from 'bun:test';
import { freePort } from '../test/free-port.ts';
import { privateRedis, type TestStore } from '../test/stores.ts';
import { connectRedis, redisReady } from './connect.ts';

let store: TestStore;
const port = freePort();
beforeAll(async () => {
  store = await privateRedis({ args: ['--port', `${port}`, '--bind', '127.0.0.1'] });
});
afterAll(() => store.stop());

test('a database that is named is the one that is used', async () => {
  const redis = connectRedis(`redis://127.0.0.1:${port}/3`);
  await redisReady(redis, 5_000);
  expect(await redis.client('INFO')).toContain(' db=3 ');
  redis.disconnect();
});

test('a database that the user may not choose is not another one either', async () => {
  const admin = connectRedis(`redis://127.0.0.1:${port}`);
  await redisReady(admin, 5_000);
  await admin.call('ACL', 'SETUSER', 'shop', 'on', '>word', '~*', '+@all', '-select');
  admin.disconnect();
  const redis = connectRedis(`redis://shop:word@127.0.0.1:${port}/3`);
  const refusal = await redisReady(redis, 5_000).catch((error: unknown) => error);
  expect(String(refusal)).toContain('NOPERM');
});

test('a database that Redis does not have is not another one: nothing is served, and it is said why', async () => {
  const redis = connectRedis(`redis://127.0.0.1:${port}/99`);
  const refusal = await redisReady(redis, 5_000).catch((error: unknown) => error);
  expect(String(refusal)).toContain(
    "The database in Redis' URL cannot be used: ERR DB index is out of range",
  );
  expect(await redis.get('key').catch((error: unknown) => error)).toBeInstanceOf(Error);
});
