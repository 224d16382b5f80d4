/**
 * What the house rules read: every file that git tracks or would add, as text. A rule is a pure function
 * from files to complaints, so it can be shown a small bad project as easily as the real one.
 */

import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface File {
  path: string;
  text: string;
}

/** Every string returned is one complaint: which file, what is wrong, what to do. */
export type Check = (files: File[]) => string[];

const ROOT = dirname(import.meta.dir);

export function readProject(): File[] {
  return (pathsFromGit() ?? pathsFromDisk('.'))
    .filter((path) => existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isFile())
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

function pathsFromGit(): string[] | undefined {
  if (!Bun.which('git')) return undefined;
  // In a container the files often belong to another user; we only list them.
  const git = ['git', '-c', 'safe.directory=*'];
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listing = Bun.spawnSync([...git, ...list], { cwd: ROOT, stderr: 'ignore' });
  const paths = listing.stdout.toString().split('\0').filter(Boolean);
  return paths.length > 0 ? paths : undefined;
}

/** A copy without git (an image, an archive) has the same rules. */
function pathsFromDisk(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !/^(node_modules|\.git|\.flashsale.*|\.env|\.DS_Store|.*\.log)$/.test(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? pathsFromDisk(path) : [path];
    });
}

/** A project of a few lines, for showing a rule what it must refuse: { 'api/app.ts': "import ..." }. */
export function sample(files: Record<string, string>): File[] {
  return Object.entries(files).map(([path, text]) => ({ path, text }));
}

export function find(files: File[], path: string): File | undefined {
  return files.find((file) => file.path === path);
}

/** For rules about one file: its absence is a complaint, never a silent pass. */
export function inFile(files: File[], path: string, check: (file: File) => string[]): string[] {
  const file = find(files, path);
  return file ? check(file) : [`${path}: is missing; the house rules read it.`];
}

export const isTypeScript = (file: File): boolean => /\.tsx?$/.test(file.path);
export const isTestFile = (file: File): boolean => /\.test\.tsx?$/.test(file.path);
/** Tests, measurements, and what serves only them. */
export const isForTests = (file: File): boolean =>
  isTestFile(file) || /(^|\/)(test|bench)\//.test(file.path) || file.path.startsWith('tidy');
/** Written by a program (drizzle-kit), so not ours to judge. */
export const isGenerated = (file: File): boolean => file.path.startsWith('drizzle/migrations/');

// ---- text ----

// Strings (and regular expressions, where one can begin) are matched so that a `//` inside them is no comment.
const STRING = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/.source;
const EXPRESSION = /(?<=(?:[(,=:[!&|?;]|=>|return)\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//
  .source;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//.source;
const LUA_COMMENT = /--\[\[[\s\S]*?\]\]|--[^\n]*/.source;
const STRINGS_AND_COMMENTS = {
  ts: new RegExp(`(${STRING}|${EXPRESSION})|${COMMENT}`, 'g'),
  lua: new RegExp(`(${STRING})|${LUA_COMMENT}`, 'g'),
};

const grammar = (file: File): RegExp => STRINGS_AND_COMMENTS[file.path.endsWith('.lua') ? 'lua' : 'ts'];

export function withoutComments(file: File): string {
  return file.text.replace(grammar(file), (_, string?: string) => string ?? ' ');
}

export function withoutCommentsAndStrings(file: File): string {
  return file.text.replace(grammar(file), ' ');
}

export function commentsOf(file: File): string[] {
  return [...file.text.matchAll(grammar(file))]
    .filter(([, string]) => string === undefined)
    .map(([all]) => all);
}

// ---- imports ----

export interface Import {
  /** As written: './holds.ts', '@flash-sale/shared/units.ts', 'elysia'. */
  name: string;
  /** For our own files the path from the root, for packages undefined. */
  path: string | undefined;
  isTypeOnly: boolean;
}

const transpilers = {
  ts: new Bun.Transpiler({ loader: 'ts' }),
  tsx: new Bun.Transpiler({ loader: 'tsx' }),
};

/** Bun's own parser lists what is imported at run time; a name that only the text shows is a type import. */
export function importsOf(file: File): Import[] {
  const atRunTime = new Set(runTimeImports(file));
  const written = [...withoutComments(file).matchAll(/\b(?:from|import)\s*\(?\s*'([^'\n]+)'/g)];
  const names = new Set([...atRunTime, ...written.map(([, name]) => name ?? '')]);
  return [...names].map((name) => ({
    name,
    path: pathOf(file, name),
    isTypeOnly: !atRunTime.has(name),
  }));
}

function runTimeImports(file: File): string[] {
  const loader = file.path.endsWith('.tsx') ? 'tsx' : 'ts';
  try {
    return transpilers[loader].scanImports(file.text).map((found) => found.path);
  } catch (error) {
    throw new Error(`${file.path}: does not parse, so its imports cannot be checked.`, { cause: error });
  }
}

function pathOf(file: File, name: string): string | undefined {
  if (name.startsWith('.')) return join(dirname(file.path), name);
  if (name.startsWith('@flash-sale/')) return name.slice('@flash-sale/'.length);
  return undefined;
}
