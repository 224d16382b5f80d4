import { afterAll, beforeAll, expect, test } from 'bun:test';
import { documentOf } from '../test/fuzz/document.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

test('both listeners show their document on a page that fetches nothing from elsewhere', async () => {
  for (const url of [world.listening.url, world.listening.opsUrl]) {
    const page = await fetch(new URL('/docs', url));
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toStartWith("default-src 'self';");
    const html = await page.text();
    const fetched = [...html.matchAll(/(?:src|href|data-url)="([^"]+)"/g)].map(([, path]) => path);
    expect(fetched).toEqual(['data:,', '/openapi.json', '/docs/reader.js']);
    const reader = await fetch(new URL('/docs/reader.js', url));
    expect([reader.status, reader.headers.get('content-type')?.split(';')[0]]).toEqual([
      200,
      'text/javascript',
    ]);
    expect((await reader.text()).length).toBeGreaterThan(1_000_000);
  }
});

test('the page of the private listener asks for a token', async () => {
  const { components, paths } = await documentOf(world.listening.opsUrl);
  expect(components.securitySchemes).toMatchObject({ operator: { type: 'http', scheme: 'bearer' } });
  expect(paths['/ops/overview']?.['get']?.security).toEqual([{ operator: [] }]);
  const html = await (await fetch(new URL('/docs', world.listening.opsUrl))).text();
  expect(html).toContain('"preferredSecurityScheme":"operator"');
});
