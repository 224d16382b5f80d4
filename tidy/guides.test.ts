/** The house rules about documents that guide through the project. */

import { describe } from 'bun:test';
import { testsExistThatAreNamedIn } from './documents.ts';
import {
  dependenciesHaveAReason,
  invariantsNameTheirTests,
  namedFilesExist,
  namedScriptsExist,
} from './guides.ts';
import { diagramShowsTheImports } from './rooms.ts';
import { rule, type Sample } from './rule.ts';

const drawn = (...arrows: string[]): string =>
  `\`\`\`mermaid\nflowchart TD\n  ${arrows.join('\n  ')}\n\`\`\``;

describe('documents', () => {
  const rooms = {
    'api/app.ts': "import { takeOrder } from './orders/orders.ts'; takeOrder();",
    'api/orders/orders.ts': "import { pinHold } from '../holds/holds.ts'; pinHold();",
    'tui/api.ts': "import type { OpsApp } from '@flash-sale/api/app.ts';",
  };
  rule('the diagram of ARCHITECTURE.md draws the imports, and no others', diagramShowsTheImports, {
    bad: [
      rooms,
      { ...rooms, 'ARCHITECTURE.md': drawn('app --> orders', 'orders --> holds') },
      { ...rooms, 'ARCHITECTURE.md': drawn('app --> orders & holds', 'tui -.-> app') },
      { ...rooms, 'ARCHITECTURE.md': drawn('app --> orders & holds', 'orders --> holds', 'tui -.-> app') },
      { ...rooms, 'ARCHITECTURE.md': drawn('app --> orders & sales', 'orders --> holds', 'tui -.-> app') },
      { ...rooms, 'ARCHITECTURE.md': drawn('app --> orders', 'orders --> holds', 'tui --> app') },
      {
        ...rooms,
        'ARCHITECTURE.md': drawn('app --> orders', 'orders --> holds', 'tui -.-> app', 'a ---> b'),
      },
    ],
    good: [
      {
        ...rooms,
        'api/server.ts': "import { pinHold } from './holds/holds.ts'; pinHold();",
        'ARCHITECTURE.md': drawn(
          'app --> orders',
          'orders["of orders"] ~~~ app',
          'orders --> holds',
          'tui -.-> app',
        ),
      },
    ],
  });
  rule('the files that they name are there', namedFilesExist, {
    bad: [
      { 'README.md': 'see `api/app.ts`' },
      { 'README.md': 'see `app.ts`', 'api/app.ts': '' },
      { 'README.md': 'see `api/holds/`', 'api/app.ts': '' },
      { 'docs/a.md': 'see [b](b.md#c)' },
    ],
    good: [
      {
        'README.md': 'see `api/app.ts`, `api/`, `node_modules/` and [b](docs/b.md#c)',
        'api/app.ts': '',
        'docs/b.md': '',
      },
      { 'docs/a.md': '[b](b.md) [c](https://c.d/e.md) `a.b()`', 'docs/b.md': '' },
    ],
  });
  rule('the scripts that they name are there', namedScriptsExist, {
    bad: [
      { 'README.md': 'bun run keys', 'package.json': '{}' },
      { 'docs/a.md': '`npx -y bun@1.4.5 run keys`', 'package.json': '{ "scripts": { "keys2": "" } }' },
    ],
    good: [
      {
        'README.md': '`bun run keys` `bun run api/keys.ts`',
        'package.json': '{ "scripts": { "keys": "" } }',
      },
    ],
  });
  const withElysia = { 'api/package.json': '{ "dependencies": { "elysia": "catalog:" } }' };
  rule('every dependency has a line that says why', dependenciesHaveAReason, {
    bad: [
      withElysia,
      { ...withElysia, 'docs/dependencies.md': '' },
      { ...withElysia, 'docs/dependencies.md': '- `elysia`:' },
      { ...withElysia, 'docs/dependencies.md': '- `elysia`: routes.\n- `hono`: routes.' },
    ],
    good: [{ ...withElysia, 'docs/dependencies.md': '- `elysia`: routes.' }],
  });
  const table = (end: string): string =>
    ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8']
      .map((i) => `| ${i} | a | \`a.test.ts\` "a (${i})"${end} |`)
      .join('\n');
  rule('every invariant names a test that cites it', invariantsNameTheirTests, {
    bad: [{ 'ARCHITECTURE.md': '' }, { 'ARCHITECTURE.md': table('').replace('(I8)', '(I7)') }],
    good: [{ 'ARCHITECTURE.md': table(', "b"') }],
  });
  const tested: Sample = { 'api/a.test.ts': "test('a is b', a);" };
  for (const document of ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/proof.md']) {
    rule(`the tests that ${document} names are there`, testsExistThatAreNamedIn(document), {
      bad: [{ ...tested, [document]: '`api/a.test.ts` "a is c"' }],
      good: [{ ...tested, [document]: '`api/a.test.ts` "a is b"' }],
    });
  }
});
