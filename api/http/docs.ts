/** The OpenAPI document and its reader, served from a pinned package rather than from a CDN. */

import { dirname, join } from 'node:path';
import { openapi } from '@elysiajs/openapi';
import { Elysia } from 'elysia';

/** The package exports only its modules; its ready-made script lies beside them. */
const READER = join(
  dirname(Bun.resolveSync('@scalar/api-reference', import.meta.dir)),
  'browser/standalone.js',
);

/** The reader is a page with a script of ours and styles of its own; nothing is loaded from elsewhere. */
const READER_POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:";

export function docs(title: string, description: string) {
  return new Elysia()
    .onBeforeHandle({ as: 'global' }, ({ path, set }) => {
      if (path === '/docs') set.headers['content-security-policy'] = READER_POLICY;
    })
    .use(
      openapi({
        path: '/docs',
        specPath: '/openapi.json',
        documentation: {
          info: { title, version: '0.1.0', description },
          servers: [{ url: '/' }],
        },
        // The type asks for every setting of the reader; what is left out keeps its default.
        scalar: { cdn: '/docs/scalar.js' } as never,
      }),
    )
    .get('/docs/scalar.js', () => Bun.file(READER), { detail: { hide: true } });
}
