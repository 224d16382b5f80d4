/** `bun run licences` writes LICENCES.md: what this project is made of, and on which terms. */

import { dirname, join } from 'node:path';
import { installedPackages, type Installed } from './installed.ts';

export const LICENCES_FILE = join(dirname(import.meta.dir), 'LICENCES.md');

/** They ask for a notice at most, and nothing of what is built with them. */
const ACCEPTED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);

/** Package and version -> why it is here nonetheless. */
export const ANSWERED: Readonly<Record<string, string>> = {
  'stack-trace@0.0.9':
    'Its package.json names no licence; its file `License` is the text of MIT. Only newman uses it.',
  'stream-length@1.0.2': 'WTFPL allows everything. Only newman uses it.',
};

type Licensed = Pick<Installed, 'id' | 'licence'>;

/** Of "(A OR B)" we choose. */
const isAccepted = (licence: string): boolean =>
  licence
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((one) => ACCEPTED.has(one));

/** Those whose licence is not accepted, and no sentence answers for. */
export function unanswered(packages: readonly Licensed[]): string[] {
  return packages
    .filter(({ id, licence }) => !isAccepted(licence) && ANSWERED[id] === undefined)
    .map(({ id, licence }) => `${id}: ${licence}`);
}

/** Answers for packages that are gone, or whose licence is accepted anyway. */
export function needlessAnswers(packages: readonly Licensed[]): string[] {
  return Object.keys(ANSWERED).filter(
    (id) => !packages.some((one) => one.id === id && !isAccepted(one.licence)),
  );
}

export function licencesPage(installed: readonly Installed[]): string {
  const listed = installed.filter(({ isForOneSystem }) => !isForOneSystem);
  return `# Licences

\`bun run licences\` writes this page from the installed packages, and a test keeps it true. Flash Sale itself is under the MIT
licence ([LICENSE](LICENSE)). Where a package offers a choice (\`A OR B\`), we take one that asks for no more than a notice.

Not listed: packages that hold a program for one system and processor (each machine installs its own; the test looks at the
licences of those too), and what runs beside Flash Sale as programs of their own: Bun, Redis, MariaDB, Prometheus, Grafana, HAProxy.

## In production

The API, its workers, the migration and the terminal. Most of the list comes with \`@scalar/api-reference\`, of which one ready-made script is
served with the documents.

${table(listed.filter(({ isForProduction }) => isForProduction))}
## In development only

Checks, tests, benches and generators.

${table(listed.filter(({ isForProduction }) => !isForProduction))}
## Answered one by one

${Object.entries(ANSWERED)
  .map(([id, answer]) => `- \`${id}\`: ${answer}`)
  .join('\n')}
`;
}

function table(packages: readonly Installed[]): string {
  const rows = packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |\n`);
  return `| package | version | licence |\n|---|---|---|\n${rows.join('')}`;
}

if (import.meta.main) await Bun.write(LICENCES_FILE, licencesPage(installedPackages()));
