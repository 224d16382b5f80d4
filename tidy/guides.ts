/** What documents say of the project is there: files, tests behind invariants, a reason for each dependency. */

import { dirname, join } from 'node:path';
import { type Check, type File, inFile } from './project.ts';

/** Everything that looks like a file or a folder of ours, in `backticks` or as a link. */
const NAMED =
  /`((?:[\w-]+\/)*[\w.-]+\.(?:tsx?|lua|sql|md|jsonc?|ya?ml|cfg|toml|txt|svg|patch)|(?:[\w-]+\/)+)`/g;
const LINKED = /\]\(([^()\s:#]+)(?:#[^()\s]*)?\)/g;
/** Made while it runs, or by whoever writes it. */
const NOT_OURS = /^(node_modules|\.flashsale)\//;

export const namedFilesExist: Check = (files) => {
  const paths = new Set(files.map(({ path }) => path));
  for (const path of [...paths, ...pathsOfPatches(files)]) {
    for (let at = path; at !== '.'; at = dirname(at)) paths.add(at);
  }
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path: document, text }) => {
      const named = [...text.matchAll(NAMED)].map(([, name = '']) => name);
      const linked = [...text.matchAll(LINKED)].map(([, name = '']) => name);
      const isThere = (name: string) =>
        [name, join(dirname(document), name)].some((path) => paths.has(path.replace(/\/$/, '')));
      return [...new Set([...named, ...linked])]
        .filter((name) => !NOT_OURS.test(name) && !isThere(name))
        .map((name) => `${document}: names ${name}, which is missing; write the path from the root.`);
    });
};

/** `bun run keys` of a document is a script of package.json. */
export const namedScriptsExist: Check = (files) =>
  inFile(files, 'package.json', (root) => {
    const { scripts = {} } = JSON.parse(root.text) as PackageFile;
    return files
      .filter(({ path }) => path.endsWith('.md'))
      .flatMap(({ path, text }) =>
        [
          ...new Set(
            [...text.matchAll(/\bbun(?:@[\d.]+)? run ([a-z][\w:-]*)(?![\w/.:-])/g)].map(
              ([, name = '']) => name,
            ),
          ),
        ]
          .filter((name) => scripts[name] === undefined)
          .map((name) => `${path}: says bun run ${name}, which package.json does not have.`),
      );
  });

/** A worked example names what it makes. */
function pathsOfPatches(files: File[]): string[] {
  return files
    .filter(({ path }) => path.endsWith('.patch'))
    .flatMap(({ text }) => [...text.matchAll(/^\+\+\+ b\/(\S+)$/gm)].map(([, path = '']) => path));
}

const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8'];

/** That these tests exist is a rule of its own. */
export const invariantsNameTheirTests: Check = (files) =>
  inFile(files, 'ARCHITECTURE.md', ({ text }) =>
    INVARIANTS.flatMap((invariant) => {
      const [line] = new RegExp(`^\\| ${invariant} \\|.*$`, 'm').exec(text) ?? [];
      if (line === undefined) return [`ARCHITECTURE.md: has no line for ${invariant} in a table.`];
      const named = new RegExp(`\`[^\`]+\\.test\\.tsx?\` "[^"]*\\b${invariant}\\b[^"]*"`);
      return named.test(line)
        ? []
        : [`ARCHITECTURE.md: ${invariant} names no test that cites it: \`a.test.ts\` "... (${invariant})".`];
    }),
  );

const DEPENDENCIES = 'docs/dependencies.md';

interface PackageFile {
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

export const dependenciesHaveAReason: Check = (files) =>
  inFile(files, DEPENDENCIES, ({ text }) => {
    const explained = [...text.matchAll(/^- `([^`]+)`: \S/gm)].map(([, name = '']) => name);
    const used = new Set(
      files
        .filter(({ path }) => /(^|\/)package\.json$/.test(path))
        .map((file) => JSON.parse(file.text) as PackageFile)
        .flatMap(({ dependencies, devDependencies }) => Object.keys({ ...dependencies, ...devDependencies }))
        .filter((name) => !name.startsWith('@flash-sale/')),
    );
    return [
      ...[...used]
        .filter((name) => !explained.includes(name))
        .map((name) => `${DEPENDENCIES}: say why \`${name}\` is needed, or remove it.`),
      ...explained
        .filter((name, index) => !used.has(name) || explained.indexOf(name) !== index)
        .map((name) => `${DEPENDENCIES}: \`${name}\` is no dependency, or is told twice.`),
    ];
  });
