/** Who may import whom. The two tables are the rules; the functions below only read them. */

import { dirname } from 'node:path';
import { type Check, type File, importsOf, isForTests, isTypeScript, withoutComments } from './project.ts';

/** Imports between workspaces go one way. `types` may be imported with `import type` only. */
const WORKSPACES: Record<string, { ours: string[]; types?: string[]; packages?: string[]; builtins?: true }> =
  {
    shared: { ours: [], packages: ['@sinclair/typebox'] },
    lua: { ours: [], packages: [] },
    drizzle: { ours: ['shared'], packages: ['drizzle-orm', 'drizzle-kit', 'mysql2'], builtins: true },
    api: { ours: ['shared', 'lua', 'drizzle'], builtins: true },
    tui: {
      ours: ['shared'],
      types: ['api'],
      packages: ['ink', 'react', '@elysiajs/eden'],
      builtins: true,
    },
    grafana: { ours: ['shared'], packages: ['@grafana/grafana-foundation-sdk'], builtins: true },
  };

/**
 * Inside api/, at run time, a line imports from itself and from the lines below it (oxlint's no-cycle minds the types).
 * The last line is every other single file.
 */
const LAYERS: RegExp[] = [
  /^(server|start|worker|processes)\.ts$|^(bench|compose|backup)\//,
  /^embedded\//,
  /^(app|services)\.ts$/,
  /^workers\//,
  /\.routes\.ts$/,
  /^http\//,
  /^(overview|payments|orders|holds|sales|products|operators|events)\//,
  /^(redis|mysql)\/|^metrics\.ts$/,
  /^[^/]+\.ts$/,
];

/** A feature imports from itself and from those to its right. */
const FEATURES = ['overview', 'payments', 'orders', 'holds', 'sales', 'products', 'operators', 'events'];

const workspaceOf = (path: string): string | undefined => {
  const folder = path.split('/')[0] ?? '';
  return path.includes('/') && folder in WORKSPACES ? folder : undefined;
};
const isOurs = (file: File): boolean => isTypeScript(file) && workspaceOf(file.path) !== undefined;
const isProduction = (file: File): boolean => isOurs(file) && !isForTests(file);
const isInApi = (file: File): boolean => isProduction(file) && file.path.startsWith('api/');
const isBuiltin = (name: string): boolean => name === 'bun' || /^(bun|node):/.test(name);
const isElysia = (name: string): boolean => /^(elysia|@elysiajs\/[^/]+)(\/|$)/.test(name);
const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

export const workspacesGoOneWay: Check = (files) =>
  files.filter(isProduction).flatMap((file) => {
    const home = workspaceOf(file.path) ?? '';
    const { ours, types = [], packages, builtins } = WORKSPACES[home] ?? { ours: [] };
    return importsOf(file).flatMap(({ name, path, isTypeOnly }) => {
      if (path === undefined) {
        const isAllowed = isBuiltin(name) ? builtins : (packages?.includes(packageOf(name)) ?? true);
        return isAllowed ? [] : [`${file.path}: imports '${name}', but ${home}/ may not; move the code up.`];
      }
      const target = workspaceOf(path) ?? path;
      if (target === home || ours.includes(target)) return [];
      if (!types.includes(target)) {
        return [`${file.path}: imports '${name}'; ${home}/ imports only ${ours.join(', ') || 'itself'}.`];
      }
      return isTypeOnly ? [] : [`${file.path}: imports '${name}' at run time; write 'import type'.`];
    });
  });

export const relativeImportsStayHome: Check = (files) =>
  files.filter(isOurs).flatMap((file) =>
    importsOf(file).flatMap(({ name, path }) => {
      if (path === undefined) return [];
      const isSameWorkspace = workspaceOf(path) === workspaceOf(file.path);
      if (name.startsWith('.') === isSameWorkspace) return [];
      return isSameWorkspace
        ? [`${file.path}: imports '${name}' from its own workspace; use a relative path.`]
        : [`${file.path}: '${name}' leaves its workspace; import it as '@flash-sale/${path}'.`];
    }),
  );

export const terminalKnowsTheApiInOneFile: Check = (files) => {
  const knowing = files.filter((file) => isProduction(file) && file.path.startsWith('tui/'));
  const doors = knowing.filter((file) => importsOf(file).some(({ path }) => path?.startsWith('api/')));
  const complaints = doors
    .filter((file) => !/import type \{ OpsApp \} from '@flash-sale\/api\//.test(file.text))
    .map((file) => `${file.path}: only \`import type { OpsApp }\` may come from api/.`);
  if (doors.length > 1) {
    const paths = doors.map((file) => file.path).join(', ');
    complaints.push(`${paths}: more than one file of tui/ imports from api/; keep one.`);
  }
  return complaints;
};

export const layersGoDown: Check = (files) => {
  const layerOf = (path: string): number =>
    LAYERS.findIndex((layer) => layer.test(path.slice('api/'.length)));
  return files.filter(isInApi).flatMap((file) => {
    const own = layerOf(file.path);
    if (own === -1) {
      return [`${file.path}: is in no layer; move it, or give it a place in LAYERS of tidy/imports.ts.`];
    }
    return importsOf(file)
      .filter(({ path, isTypeOnly }) => !isTypeOnly && path?.startsWith('api/') && layerOf(path) < own)
      .filter(({ path }) => layerOf(path ?? '') !== -1)
      .map(
        ({ name }) =>
          `${file.path}: imports '${name}' from a layer above; pass what it needs as a parameter.`,
      );
  });
};

export const featuresGoRight: Check = (files) => {
  const featureOf = (path: string): number => FEATURES.indexOf(path.split('/')[1] ?? '');
  return files
    .filter((file) => isInApi(file) && featureOf(file.path) !== -1)
    .flatMap((file) =>
      importsOf(file)
        .filter(({ path }) => path?.startsWith('api/') && featureOf(path) !== -1)
        .filter(({ path }) => featureOf(path ?? '') < featureOf(file.path))
        .map(({ name }) => `${file.path}: imports '${name}'; the order is ${FEATURES.join(' -> ')}.`),
    );
};

/** One line per restricted import: who is restricted, what it may not import, and what to do instead. */
const only = (who: (file: File) => boolean, what: (name: string) => boolean, instead: string): Check => {
  return (files) =>
    files.filter(who).flatMap((file) =>
      importsOf(file)
        .filter(({ name }) => what(name))
        .map(({ name }) => `${file.path}: imports '${name}'; ${instead}`),
    );
};

export const onlyHttpKnowsElysia = only(
  (file) => isInApi(file) && !/\.routes\.ts$|^api\/app\.ts$|^api\/http\//.test(file.path),
  isElysia,
  'only *.routes.ts, app.ts and http/ may. A feature is a plain function (services, request) -> union.',
);

export const onlyTheAppMountsRoutes = only(
  (file) => isInApi(file) && file.path !== 'api/app.ts',
  (name) => name.endsWith('.routes.ts'),
  'only app.ts mounts routes. Share the feature function instead.',
);

export const onlyScriptsImportLua = only(
  (file) => isProduction(file) && !/^api\/redis\/(script|([a-z]+-)?scripts)\.ts$/.test(file.path),
  (name) => name.endsWith('.lua'),
  'only api/redis/script.ts and *scripts.ts may. Call a typed function of theirs.',
);

export const productionNeverImportsTests = only(
  (file) => isProduction(file) && !file.path.startsWith('api/bench/'),
  (name) => isForTests({ path: name, text: '' }) || /(^|\/)tidy(\/|$)/.test(dirname(name)),
  'this is test code. Move what both need next to the production code.',
);

// ---- who may do what: environment, clients, keys ----

const onlyIn = (allowed: RegExp, forbidden: RegExp, advice: string): Check => {
  return (files) =>
    files
      .filter((file) => isProduction(file) && !allowed.test(file.path))
      .flatMap((file) => {
        const found = withoutComments(file).match(forbidden);
        return found ? [`${file.path}: has \`${found[0].trim()}\`; ${advice}`] : [];
      });
};

export const onlyConfigReadsTheEnvironment = onlyIn(
  /(^|\/)config\.ts$|^api\/start\.ts$|^tui\/build\.ts$|^drizzle\/(migrate|drizzle\.config)\.ts$/,
  /\b(process|Bun|import\.meta)\.env\b/,
  'only config.ts reads the environment. Take the value as a parameter.',
);

const CONNECTORS = /^api\/(redis|mysql)\/connect\.ts$/;

const onlyConnectorsConstruct = onlyIn(
  new RegExp(
    `${CONNECTORS.source}|^api/services\\.ts$|^api/(embedded|backup)/|^api/compose/form-cluster\\.ts$|^drizzle/migrate\\.ts$`,
  ),
  /\bnew (Redis|Redis\.Cluster|Cluster|RedisClient|SQL)\(|\bcreate(Pool|PoolCluster|Connection)\(/,
  'clients are constructed in api/redis/connect.ts and api/mysql/connect.ts. Take one from services.',
);

const onlyServicesUseConnectors = only(
  (file) => isInApi(file) && !/^api\/(services\.ts|embedded\/|bench\/)/.test(file.path),
  (name) => name.endsWith('/connect.ts'),
  'only services.ts connects, so that it can close in order. Take the client from services.',
);

export const onlyServicesConstructClients: Check = (files) => [
  ...onlyConnectorsConstruct(files),
  ...onlyServicesUseConnectors(files),
];

export const onlyKeysBuildsKeys = onlyIn(
  /^api\/redis\/keys\.ts$/,
  /\{s:/,
  'only api/redis/keys.ts builds a key. Use its functions.',
);

export const onlyOneFileWritesRawSql = onlyIn(
  /^api\/mysql\/insert-many\.ts$/,
  /\b(sql|raw)\.raw\(/,
  'only api/mysql/insert-many.ts, whose words are columns of ours, makes SQL of text. Use sql`...`, which sends values apart.',
);
