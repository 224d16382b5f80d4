/** The OpenAPI document and its reader, served from a pinned package rather than from a CDN. */

import { dirname, join } from 'node:path';
import { toOpenAPISchema } from '@elysiajs/openapi';
import { Elysia } from 'elysia';
import { describeListener, type AboutListener, type FoundRoutes } from './document.ts';
import type { OpenApi } from './openapi.ts';

/** Every tag of a route, in the order of the page, and what belongs to it. */
const TAGS: Readonly<Record<string, string>> = {
  Overview: 'All sales, the stores, and what waits for somebody, at one glance.',
  Products: 'What is sold, and how much of it is left.',
  Sales: 'A sale is one product, one price, one allotment and one window.',
  Holds: 'Units that a buyer has for a short while; without an order they return by themselves.',
  Orders: 'A hold that is to be paid. Its units are its own until `pay_by`.',
  Webhooks: 'What payment providers tell us: recorded first, then applied, as often as they like.',
  Events: 'Everything that happens, as it happens.',
  Audit: 'Who changed what, in a chain of hashes that shows any change of itself.',
  Operators:
    'Who may use this listener. A role may do what the roles before it may: viewer, operator, admin.',
  Health: 'For supervisors and Prometheus. Needs no token.',
};

/** The package exports only its modules; its ready-made script lies beside them. */
const READER = join(
  dirname(Bun.fileURLToPath(import.meta.resolve('@scalar/api-reference'))),
  'browser/standalone.js',
);

/** The reader styles itself; nothing is loaded from elsewhere. */
const READER_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:";

/** What the reader would offer or fetch from its maker is switched off. */
const READER_CONFIGURATION = {
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  authentication: { preferredSecurityScheme: 'operator' },
};

const page = (title: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <link rel="icon" href="data:," />
  </head>
  <body>
    <script id="api-reference" data-url="/openapi.json" data-configuration='${JSON.stringify(READER_CONFIGURATION)}'></script>
    <script src="/docs/reader.js"></script>
  </body>
</html>
`;

const hidden = { detail: { hide: true } };

export function docs(title: string, description: string, isForOperators = false) {
  const about: AboutListener = { title, description, isForOperators, tags: TAGS };
  const app = new Elysia();
  let document: OpenApi | undefined;
  return app
    .get(
      '/openapi.json',
      () => {
        // At the first request all routes are there; they stay as they are.
        document ??= describeListener(toOpenAPISchema(app) as unknown as FoundRoutes, about);
        return document;
      },
      hidden,
    )
    .get(
      '/docs',
      ({ set }) => {
        set.headers['content-type'] = 'text/html; charset=utf-8';
        set.headers['content-security-policy'] = READER_POLICY;
        return page(title);
      },
      hidden,
    )
    .get(
      '/docs/reader.js',
      ({ set }) => {
        set.headers['cache-control'] = 'public, max-age=86400';
        return Bun.file(READER);
      },
      hidden,
    );
}
