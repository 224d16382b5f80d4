/**
 * The house rules. Each line is one rule, what it refuses (`bad`, which proves that it can fail) and, where that
 * is not obvious, what it lets pass (`good`). Rules about a single file's syntax are oxlint's (.oxlintrc.json):
 * 400 lines per file, 70 per function, no cycles, no floating promises, exhaustive switches, no console.
 *
 * Rules about the guides (ARCHITECTURE.md, CONTRIBUTING.md, docs/) are in tidy/guides.test.ts. A rule worth keeping is a rule.
 */

import { describe } from 'bun:test';
import {
  exampleListsEverySetting,
  oneVersionEach,
  readmeNamesTheCommands,
  securityChecklistIsComplete,
  testsExistThatAreNamedIn,
  versionsAreExact,
} from './tidy/documents.ts';
import {
  featuresGoRight,
  layersGoDown,
  onlyConfigReadsTheEnvironment,
  onlyHttpKnowsElysia,
  onlyKeysBuildsKeys,
  onlyOneFileWritesRawSql,
  onlyScriptsImportLua,
  onlyServicesConstructClients,
  onlyTheAppMountsRoutes,
  productionNeverImportsTests,
  relativeImportsStayHome,
  terminalKnowsTheApiInOneFile,
  workspacesGoOneWay,
} from './tidy/imports.ts';
import {
  luaHeadersAreComplete,
  luaIsDeterministic,
  luaKeysHaveOneOrder,
  luaRepliesAreDeclared,
  luaScriptsAreDeclaredOnce,
  luaTakesKeysInThePreludeOnly,
} from './tidy/lua.ts';
import { rule, type Sample } from './tidy/rule.ts';
import {
  installsAreFrozen,
  nothingIsTrusted,
  overridesHaveReasons,
  releasesAreAWeekOld,
  versionIsOne,
} from './tidy/supply.ts';
import {
  luaFitsOnAPage,
  namesAreKebabCase,
  noCommentedOutCode,
  headersAreDocComments,
  noDrawersAndBarrels,
  noNotesToSelf,
  noSwitchedOffTests,
  oneWordPerThing,
  testsAreNamedBySentences,
} from './tidy/words.ts';

const usesElysia = "import { Elysia } from 'elysia';";

describe('imports', () => {
  rule('go one way between workspaces: tui, api -> drizzle -> shared -> typebox', workspacesGoOneWay, {
    bad: [
      { 'shared/units.ts': "import 'node:fs';" },
      { 'drizzle/schema.ts': "import type { Config } from '@flash-sale/api/config.ts';" },
      { 'tui/app.tsx': "import { createApp } from '@flash-sale/api/app.ts'; createApp();" },
      { 'grafana/build.ts': "import { units } from '@flash-sale/api/metrics.ts'; units();" },
    ],
    good: [{ 'tui/api.ts': "import type { OpsApp } from '@flash-sale/api/app.ts';" }],
  });
  rule('are relative within a workspace and by package name across', relativeImportsStayHome, {
    bad: [
      { 'api/app.ts': "import '../shared/units.ts';" },
      { 'api/app.ts': "import '@flash-sale/api/config.ts';" },
    ],
  });
  rule('let one file of the terminal know one type of the API', terminalKnowsTheApiInOneFile, {
    bad: [
      { 'tui/api.ts': "import type { Services } from '@flash-sale/api/services.ts';" },
      {
        'tui/api.ts': "import type { OpsApp } from '@flash-sale/api/app.ts';",
        'tui/app.tsx': "import type { OpsApp } from '@flash-sale/api/app.ts';",
      },
    ],
  });
  rule('go down the layers inside api/', layersGoDown, {
    bad: [
      { 'api/holds/holds.ts': "import { runLoop } from '../workers/loop.ts'; runLoop();" },
      { 'api/redis/hold-scripts.ts': "import { placeHold } from '../holds/holds.ts'; placeHold();" },
      { 'api/warehouse/warehouse.ts': '' },
      { 'api/config.ts': "import { countHold } from './metrics.ts'; countHold();" },
    ],
    good: [
      { 'api/workers/expiry.ts': "import { expire } from '../holds/holds.ts'; expire();" },
      { 'api/holds/holds.ts': "import type { Services } from '../services.ts';" },
    ],
  });
  rule('go payments -> orders -> holds -> sales -> products between features', featuresGoRight, {
    bad: [{ 'api/holds/holds.ts': "import { takeOrder } from '../orders/orders.ts'; takeOrder();" }],
    good: [{ 'api/orders/orders.ts': "import { pinHold } from '../holds/holds.ts'; pinHold();" }],
  });
  rule('of Elysia are for routes, app.ts and http/', onlyHttpKnowsElysia, {
    bad: [{ 'api/holds/holds.ts': usesElysia }, { 'api/services.ts': "import '@elysiajs/openapi';" }],
    good: [{ 'api/holds/holds.routes.ts': usesElysia }],
  });
  rule('of routes are for app.ts', onlyTheAppMountsRoutes, {
    bad: [{ 'api/orders/orders.routes.ts': "import '../holds/holds.routes.ts';" }],
  });
  rule('of Lua are for redis/*scripts.ts', onlyScriptsImportLua, {
    bad: [{ 'api/holds/holds.ts': "import lua from '@flash-sale/lua/sale.lua' with { type: 'text' }; lua;" }],
  });
  rule('never lead from production code to test code', productionNeverImportsTests, {
    bad: [{ 'api/server.ts': "import './test/world.ts';" }, { 'tui/app.tsx': "import './state.test.ts';" }],
  });
});

describe('one place', () => {
  rule('reads the environment: config.ts', onlyConfigReadsTheEnvironment, {
    bad: [{ 'api/holds/holds.ts': 'const port = process.env.PORT;' }],
    good: [{ 'api/config.ts': 'const port = Bun.env.PORT;' }],
  });
  rule('connects: services.ts, by redis/connect.ts and mysql/connect.ts', onlyServicesConstructClients, {
    bad: [
      { 'api/holds/holds.ts': 'new Redis(url)' },
      { 'api/workers/loop.ts': 'createPool({})' },
      { 'api/workers/loop.ts': "import { connectRedis } from '../redis/connect.ts'; connectRedis();" },
    ],
  });
  rule('builds Redis keys: redis/keys.ts', onlyKeysBuildsKeys, {
    bad: [{ 'api/holds/holds.ts': 'const key = `{s:${sale}}:meta`;' }],
    good: [{ 'api/holds/holds.ts': '// {s:7}:meta is its key' }],
  });
});

describe('SQL', () => {
  rule('is made of text in one file only', onlyOneFileWritesRawSql, {
    bad: [{ 'api/orders/orders.ts': 'sql.execute(raw.raw(`SELECT ${name}`))' }],
    good: [{ 'api/orders/orders.ts': 'sql.execute(raw`SELECT ${name}`)' }],
  });
});

const keys = "export const SALE_KEY_NAMES = ['meta', 'holds'] as const;";
const prelude = '-- sale: what every script starts with.\nlocal meta_key, holds_key = unpack(KEYS)';
const header = `-- end_sale: ends it.
--
-- ARGV: now_ms
-- Replies:
--   not_armed      Redis has to be rebuilt first
--   ended <now_ms> done
-- Again: the same.
`;
const script = `${header}if off then return { 'not_armed' } end\nreturn { 'ended', now }`;
const scripts = (words: string): string =>
  `import endSaleLua from '@flash-sale/lua/end_sale.lua' with { type: 'text' };
export const endSale = defineScript('end_sale', endSaleLua, [${words}]);`;
const luaProject = (words: string, body: string): Sample => ({
  'lua/sale.lua': prelude,
  'lua/end_sale.lua': body,
  'api/redis/keys.ts': keys,
  'api/redis/hold-scripts.ts': scripts(words),
});
const goodLua = luaProject("'not_armed', 'ended'", script);

describe('a Lua script', () => {
  rule('has a header: its name, ARGV, Replies, Again', luaHeadersAreComplete, {
    bad: [
      luaProject('', script.replace('end_sale:', 'close_sale:')),
      luaProject('', script.replace('-- Again: the same.\n', '')),
      { ...goodLua, 'lua/sale.lua': 'local meta_key = unpack(KEYS)' },
    ],
    good: [goodLua],
  });
  rule('answers the words of its header, which are those that TypeScript knows', luaRepliesAreDeclared, {
    bad: [
      luaProject("'not_armed'", script),
      luaProject("'not_armed', 'ended', 'paused'", script),
      luaProject("'not_armed', 'ended'", script.replace("{ 'ended'", "{ 'closed'")),
      luaProject("'not_armed', 'ended'", script.replace("{ 'ended', now }", '{ now }')),
      luaProject("'not_armed', 'ended'", script.replace('--   ended', '--   closed')),
    ],
    good: [goodLua],
  });
  rule('is declared once in redis/*scripts.ts', luaScriptsAreDeclaredOnce, {
    bad: [
      { ...goodLua, 'lua/launch_sale.lua': script },
      { ...goodLua, 'api/redis/hold-scripts.ts': `${scripts("'ended'")}${scripts("'ended'")}` },
      { ...goodLua, 'api/redis/hold-scripts.ts': scripts('').replace('lua/end_sale', 'lua/pause_sale') },
      { 'api/redis/hold-scripts.ts': scripts("'ended'") },
    ],
    good: [goodLua],
  });
  rule('gets its keys in the order of redis/keys.ts', luaKeysHaveOneOrder, {
    bad: [{ ...goodLua, 'api/redis/keys.ts': keys.replace("'meta', 'holds'", "'holds', 'meta'") }],
    good: [goodLua],
  });
  rule('names its keys as the prelude does', luaTakesKeysInThePreludeOnly, {
    bad: [luaProject('', `${script}\nredis.call('DEL', KEYS[1])`)],
    good: [goodLua],
  });
  rule('takes time from Redis and chance from its caller', luaIsDeterministic, {
    bad: [{ 'lua/end_sale.lua': 'local now = os.time()' }, { 'lua/sale.lua': 'return math.random(9)' }],
    good: [goodLua],
  });
  rule('fits on a page: 150 lines of 120 columns', luaFitsOnAPage, {
    bad: [{ 'lua/end_sale.lua': '\n'.repeat(151).concat('return 1') }, { 'lua/a.lua': '-'.repeat(121) }],
  });
});

describe('names and words', () => {
  rule('of files are kebab-case, of Lua files snake_case', namesAreKebabCase, {
    bad: [{ 'api/holds/placeHold.ts': '' }, { 'lua/place-hold.lua': '' }, { 'api/Holds/a.ts': '' }],
    good: [{ 'api/holds/holds.routes.ts': '', 'lua/end_sale.lua': '', '.ci/run': '', 'README.md': '' }],
  });
  rule('say what is inside: no utils, helpers, common, types, no index.ts', noDrawersAndBarrels, {
    bad: [{ 'api/utils/a.ts': '' }, { 'shared/types.ts': '' }, { 'tui/index.tsx': '' }],
  });
  rule('are one per thing: a hold is a hold everywhere', oneWordPerThing, {
    bad: [
      { 'api/holds/holds.ts': 'const reservedUnits = 1;' },
      { 'api/holds/holds.ts': "const message = 'Your ticket is waiting';" },
      { 'drizzle/schema.ts': "int('claimed_at')" },
      { 'api/reserve.ts': '' },
      { 'api/sales/sales.ts': 'launchFlashDrop(); flashDrop();' },
    ],
    good: [{ 'drizzle/migrate.ts': "// reserved by SQL\nrun('DROP TABLE a'); lockRow(); preserve();" }],
  });
  rule('of tests are sentences of three words or more, without a dot', testsAreNamedBySentences, {
    bad: [
      { 'api/a.test.ts': "test('hold expiry', () => {});" },
      { 'tui/a.test.tsx': '  test(\n    "a hold that is over is over.",' },
      { 'api/a.test.ts': 'test(`should return the units`, () => {});' },
    ],
    good: [{ 'api/a.test.ts': "test('units that return can be held', a); test.each(CASES)('%s', a);" }],
  });
});

describe('what a file is about', () => {
  rule('is said in a doc comment with an empty line after it', headersAreDocComments, {
    bad: [
      { 'api/a.ts': "// About a.\n\nimport './b.ts';" },
      { 'api/a.ts': "/** About a. */\nimport './b.ts';" },
    ],
    good: [{ 'api/a.ts': "/** About a. */\n\nimport './b.ts';" }, { 'api/b.ts': "import './a.ts';" }],
  });
});

describe('nothing is left over', () => {
  rule('no notes to self', noNotesToSelf, {
    bad: [{ 'api/app.ts': ['// TO', 'DO: finish'].join('') }, { 'README.md': ['FIX', 'ME'].join('') }],
  });
  rule('no tests that are switched off or alone', noSwitchedOffTests, {
    bad: [{ 'api/a.test.ts': "test.only('a', a);" }, { 'api/a.test.ts': "describe.skip('a', a);" }],
    good: [{ 'api/a.test.ts': "test.skipIf(isCi)('a', a);" }],
  });
  rule('no commented-out code', noCommentedOutCode, {
    bad: [
      { 'api/app.ts': '// const port = readPort();\n' },
      { 'api/app.ts': '/*\n * if (isOpen) {\n */' },
      { 'lua/a.lua': "-- redis.call('DEL', meta_key)" },
    ],
    good: [{ 'api/app.ts': '// const is a keyword; if (and only if) it returns, we go on;\n' }],
  });
});

describe('what comes from elsewhere', () => {
  rule('runs nothing while it is installed', nothingIsTrusted, {
    bad: [{ 'package.json': '{}' }, { 'package.json': '{ "trustedDependencies": ["esbuild"] }' }],
  });
  rule('has the version that its dependents ask for, or a reason', overridesHaveReasons, {
    bad: [{ 'package.json': '{ "overrides": { "ink": "8.0.0" } }' }, { 'package.json': '{}' }],
  });
  rule('is a week old', releasesAreAWeekOld, {
    bad: [
      { 'bunfig.toml': '[install]\nexact = true' },
      { 'bunfig.toml': '[install]\nminimumReleaseAge = 86400' },
      { 'bunfig.toml': '[install]\nminimumReleaseAge = 604800\nminimumReleaseAgeExcludes = ["ink"]' },
    ],
  });
  rule('is what the lock file says', installsAreFrozen, {
    bad: [
      { 'package.json': '{ "scripts": { "start": "bun install --silent && bun api/start.ts" } }' },
      { Dockerfile: 'RUN bun install --production' },
      { '.ci/run': 'npm ci' },
      { 'api/embedded/dependencies.ts': "Bun.spawnSync([process.execPath, 'install', '--silent'], {" },
    ],
    good: [
      { Dockerfile: 'RUN bun install --frozen-lockfile --production' },
      { 'README.md': '`bun add ink`' },
    ],
  });
});

describe('written twice, the same', () => {
  const release = { 'package.json': '{ "version": "1.0.0" }', 'CHANGELOG.md': '## [1.0.0] - 2026-11-27' };
  rule('the version of every package file, of the image and of the changelog', versionIsOne, {
    bad: [
      { ...release, 'CHANGELOG.md': '## [0.9.0] - 2026-11-27\n## [1.0.0]' },
      { ...release, 'CHANGELOG.md': '' },
      { ...release, 'api/package.json': '{}' },
      { ...release, 'tui/package.json': '{ "version": "0.9.0" }' },
      { ...release, 'docker-compose.yml': 'image: flash-sale:0.9.0' },
    ],
    good: [{ ...release, 'api/package.json': '{ "version": "1.0.0" }' }],
  });
  rule('one version of what shares types or state', oneVersionEach, {
    bad: [{ 'bun.lock': '"react": ["react@19.3.1", ""],\n"ink/react": ["react@19.2.0", ""],' }],
  });
  rule('every version is exact and written in the root', versionsAreExact, {
    bad: [
      { 'package.json': '{ "workspaces": { "catalog": { "elysia": "^1.4.30" } } }' },
      { 'package.json': '{ "overrides": { "elysia": ">=1.4.30" } }' },
      { 'api/package.json': '{ "dependencies": { "elysia": "1.4.30" } }' },
      { 'api/package.json': '{ "dependencies": { "@flash-sale/shared": "*" } }' },
    ],
  });
  const api = { 'api/config.ts': 'export const ENVIRONMENT = {\n  PORT: port,\n};' };
  const terminal = { 'tui/config.ts': 'export const ENVIRONMENT = {\n  NO_COLOR: isSet,\n};' };
  rule('.env.example lists the settings of the API and of the terminal', exampleListsEverySetting, {
    bad: [
      { ...api, ...terminal, '.env.example': '# PORT=8000' },
      { ...api, ...terminal, '.env.example': '# PORT=8000\nNO_COLOR=\nHOST=' },
      { ...api, '.env.example': '# PORT=8000' },
    ],
    good: [{ ...api, ...terminal, '.env.example': '# PORT=8000\nNO_COLOR=' }],
  });
  rule('the README names the two commands', readmeNamesTheCommands, {
    bad: [{ 'README.md': 'npx -y bun@1.4.5 start' }],
  });
  const tested = { 'api/a.test.ts': "test('a is b', a);\ntest.each(CASES)(\n  'c is %s',\n  c,\n);" };
  rule('the tests that SECURITY.md names are there', testsExistThatAreNamedIn('SECURITY.md'), {
    bad: [
      tested,
      { ...tested, 'SECURITY.md': '`api/a.test.ts` "a is c"' },
      { ...tested, 'SECURITY.md': '`api/a.test.ts` "a is b", "is b"' },
      { ...tested, 'SECURITY.md': '`api/b.test.ts` "a is b"' },
      { 'SECURITY.md': '`api/a.test.ts` "a"', 'api/a.test.ts': "// test('a', a);" },
      { 'SECURITY.md': '`api/a.test.ts` "a"', 'api/a.test.ts': "describe('a', a);" },
    ],
    good: [
      {
        'SECURITY.md': '`api/a.test.ts` "a"',
        'api/a.test.ts': "test.skipIf(platform !== 'linux')(\n'a', a)",
      },
      { ...tested, 'SECURITY.md': '- `api/a.test.ts` "a\n  is b",\n  "c is %s"; `api/a.ts` "a"' },
    ],
  });
  const checklist = (line: string): Sample => ({
    'SECURITY.md': `- a\n\n## Checklist\n\n${line}\n\n## End\n- b`,
  });
  rule(
    'every line of the checklist of SECURITY.md names a test, or says why not',
    securityChecklistIsComplete,
    {
      bad: [
        { 'SECURITY.md': '# Security' },
        checklist('- One.'),
        checklist('- One: `api/a.test.ts` "a".\n- Two, open.'),
      ],
      good: [checklist('- One: `api/a.test.ts` "a".\n- Two.\n  Open: not built.\n- Does not apply: three.')],
    },
  );
});
