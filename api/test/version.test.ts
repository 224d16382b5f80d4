import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createWorld, type World } from './world.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dir, '../../package.json'), 'utf8')) as {
  version: string;
};

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

test('both documents and the metrics tell the version of the root package.json', async () => {
  const { url, opsUrl } = world.listening;
  for (const listener of [url, opsUrl]) {
    const document = (await (await fetch(`${listener}/openapi.json`)).json()) as {
      info: { version: string };
    };
    expect(document.info.version).toBe(version);
  }
  expect(await (await fetch(`${opsUrl}/metrics`)).text()).toContain(
    `flashsale_build_info{version="${version}",runtime="bun ${Bun.version}"} 1\n`,
  );
});
