/** What is written in two places must agree: lock file, package files, settings, documents, test names. */

import { type Check, type File, find, inFile, withoutComments } from './project.ts';

const ONE_VERSION_EACH = ['drizzle-orm', 'elysia', '@sinclair/typebox'];

export const oneVersionEach: Check = (files) =>
  inFile(files, 'bun.lock', ({ text }) =>
    ONE_VERSION_EACH.flatMap((name) => {
      const resolved = new RegExp(`: \\["${name}@([^"]+)"`, 'g');
      const versions = new Set([...text.matchAll(resolved)].map(([, version]) => version));
      if (versions.size === 1) return [];
      return versions.size === 0
        ? [`bun.lock: has no ${name}; if we no longer use it, take it out of tidy/documents.ts.`]
        : [
            `bun.lock: has ${name} in ${[...versions].join(' and ')}; two copies do not share types or state.`,
          ];
    }),
  );

interface PackageFile {
  workspaces?: { catalog?: Record<string, string> };
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  overrides?: Record<string, string>;
}

export const versionsAreExact: Check = (files) =>
  files
    .filter(({ path }) => /(^|\/)package\.json$/.test(path))
    .flatMap((file) => {
      const json = JSON.parse(file.text) as PackageFile;
      const isRoot = file.path === 'package.json';
      const { dependencies, devDependencies, peerDependencies, overrides, workspaces } = json;
      const all = {
        ...workspaces?.catalog,
        ...dependencies,
        ...devDependencies,
        ...peerDependencies,
        ...overrides,
      };
      return Object.entries(all).flatMap(([name, version]) => {
        if (name.startsWith('@flash-sale/')) {
          return version === 'workspace:*' ? [] : [`${file.path}: ${name} must be "workspace:*".`];
        }
        if (!isRoot) {
          return version === 'catalog:'
            ? []
            : [`${file.path}: ${name} must be "catalog:", its version in the root.`];
        }
        const isExact = /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version);
        return isExact ? [] : [`${file.path}: ${name} is "${version}"; write one exact version.`];
      });
    });

/** Names at the top level of `const ENVIRONMENT = { ... }`; oxfmt puts each on a line of its own. */
function settingsOf(config: File): string[] {
  const [, body = ''] = /^(?:export )?const ENVIRONMENT\b[^\n]*\n([\s\S]*?)^\}/m.exec(config.text) ?? [];
  return [...body.matchAll(/^ {2}([A-Z][A-Z0-9_]*):/gm)].map(([, name]) => name ?? '');
}

const CONFIGS = ['api/config.ts', 'tui/config.ts'];

export const exampleListsEverySetting: Check = (files) =>
  inFile(files, '.env.example', (example) => {
    const listed = [...example.text.matchAll(/^(?:# ?)?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name ?? '');
    const read = new Set<string>();
    const complaints = CONFIGS.flatMap((path) =>
      inFile(files, path, (config) => {
        const settings = settingsOf(config);
        for (const name of settings) read.add(name);
        return settings.length === 0 ? [`${path}: must have const ENVIRONMENT = { PORT: ..., ... }.`] : [];
      }),
    );
    return [
      ...complaints,
      ...[...read]
        .filter((name) => !listed.includes(name))
        .map((name) => `.env.example: does not list ${name}.`),
      ...listed
        .filter((name) => !read.has(name))
        .map((name) => `.env.example: lists ${name}, which neither ${CONFIGS.join(' nor ')} reads.`),
    ];
  });

const COMMANDS = ['npx -y bun@1.4.5 start', 'npx -y bun@1.4.5 run test'];

export const readmeNamesTheCommands: Check = (files) =>
  inFile(files, 'README.md', ({ text }) =>
    COMMANDS.filter((command) => !text.includes(command)).map(
      (command) => `README.md: does not say \`${command}\`.`,
    ),
  );

/** As the file writes them: of a table's test with its `%s`. `rule` is how the house rules make two tests. */
function testNamesIn(file: File): string[] {
  const call = /\b(?:test|it|rule)(?:\.\w+(?:\([^\n]*?\))?)*\(\s*(['"`])(.*?)\1/g;
  return [...withoutComments(file).matchAll(call)].map(([, , name]) => name ?? '');
}

interface NamedTest {
  path: string;
  name: string;
}

/** Written `path/of.test.ts` "name of the test", "and of another"; a name may go on in the next line. */
function namedTests(text: string): NamedTest[] {
  const names = /`([^`\s]+\.test\.tsx?)`((?:\s*,?\s*"[^"]+")+)/g;
  return [...text.matchAll(names)].flatMap(([, path = '', quoted = '']) =>
    [...quoted.matchAll(/"([^"]+)"/g)].map(([, name = '']) => ({ path, name: name.replaceAll(/\s+/g, ' ') })),
  );
}

/** A rule about one document: every test that it names is in the file that it names, by that very name. */
export const testsExistThatAreNamedIn =
  (document: string): Check =>
  (files) =>
    inFile(files, document, ({ text }) =>
      namedTests(text).flatMap(({ path, name }) => {
        const file = find(files, path);
        if (!file) return [`${document}: names a test in ${path}, which is missing.`];
        return testNamesIn(file).includes(name)
          ? []
          : [`${document}: names a test that ${path} does not have: ${name}`];
      }),
    );

/** How a line of the checklist may end, where no test speaks for it. */
const WITHOUT_TEST = /\b(does not apply|open): \S/i;

export const securityChecklistIsComplete: Check = (files) =>
  inFile(files, 'SECURITY.md', ({ text }) => {
    const [, checklist = ''] = /^## Checklist\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(text) ?? [];
    const lines = checklist.split(/^(?=- )/m).filter((line) => line.startsWith('- '));
    if (lines.length === 0) return ['SECURITY.md: has no list under "## Checklist".'];
    return lines
      .filter((line) => namedTests(line).length === 0 && !WITHOUT_TEST.test(line))
      .map((line) => `SECURITY.md: name a test, or say "does not apply: why" or "open: why": ${line.trim()}`);
  });
