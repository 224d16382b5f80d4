import { expect, test } from 'bun:test';
import { networkInterfaces } from 'node:os';
import { createWorld } from '../test/world.ts';
import { urlAt } from './port.ts';

test('the address of a listener is one that a client can use', () => {
  expect(urlAt('127.0.0.1', 8_000)).toBe('http://127.0.0.1:8000');
  expect(new URL(urlAt('::', 8_000)).port).toBe('8000');
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

test.skipIf(!hasIpv6)('both listeners answer where they say that they are, on IPv6 too', async () => {
  const world = await createWorld({ env: { HOST: '::1', OPS_HOST: '::1' } });
  try {
    const { url, opsUrl } = world.listening;
    const asked = [`${url}/api/products/1`, `${opsUrl}/health/live`];
    const statuses = await Promise.all(asked.map(async (address) => (await fetch(address)).status));
    expect(statuses).toEqual([404, 200]);
  } finally {
    await world.close();
  }
});
