/** The OpenAPI document and its reader, served from a pinned package rather than from a CDN. */

import { dirname, join } from 'node:path';
import { openapi } from '@elysiajs/openapi';
import { Elysia } from 'elysia';

/** The package exports only its modules; its ready-made script lies beside them. */
const READER = join(
  dirname(Bun.resolveSync('@scalar/api-reference', import.meta.dir)),
  'browser/standalone.js',
);

/** The reader styles itself; nothing is loaded from elsewhere. */
const READER_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:";

const page = (title: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
  </head>
  <body>
    <script id="api-reference" data-url="/openapi.json" data-configuration='{"withDefaultFonts":false}'></script>
    <script src="/docs/reader.js"></script>
  </body>
</html>
`;

const OPERATOR_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  description: 'A token that begins with fsop_.',
} as const;

export function docs(title: string, description: string, isForOperators = false) {
  return new Elysia()
    .use(
      openapi({
        provider: null,
        specPath: '/openapi.json',
        documentation: {
          info: { title, version: '0.1.0', description },
          servers: [{ url: '/' }],
          ...(isForOperators ? { components: { securitySchemes: { operator: OPERATOR_TOKEN } } } : {}),
        },
      }),
    )
    .get(
      '/docs',
      ({ set }) => {
        set.headers['content-type'] = 'text/html; charset=utf-8';
        set.headers['content-security-policy'] = READER_POLICY;
        return page(title);
      },
      { detail: { hide: true } },
    )
    .get(
      '/docs/reader.js',
      ({ set }) => {
        set.headers['cache-control'] = 'public, max-age=86400';
        return Bun.file(READER);
      },
      { detail: { hide: true } },
    );
}
