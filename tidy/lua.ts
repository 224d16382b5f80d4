/**
 * The contract between a Lua script and its callers. A script's header says what it takes and which words it
 * answers with; api/redis/*scripts.ts declare the same words, so TypeScript makes every caller handle each.
 */

import { type Check, type File, find, inFile, withoutComments } from './project.ts';

const PRELUDE = 'lua/sale.lua';
/** Text that comes in front of a script; the prelude in front of each. */
const PARTS = [PRELUDE, 'lua/rates.lua'];
const SCRIPTS = 'api/redis/*scripts.ts';
const KEYS = 'api/redis/keys.ts';

const scriptFiles = (files: File[]): File[] =>
  files.filter(({ path }) => /^lua\/[^/]+\.lua$/.test(path) && !PARTS.includes(path));
const nameOf = (file: File): string => file.path.slice('lua/'.length, -'.lua'.length);
const quoted = (text: string): string[] => [...text.matchAll(/['"](\w+)['"]/g)].map(([, word]) => word ?? '');
const missingFrom = (words: string[], others: string[]): string[] =>
  [...new Set(words)].filter((word) => !others.includes(word));

/** All files of script declarations, read as one. */
function inScripts(files: File[], check: (scripts: File) => string[]): string[] {
  const declaring = files.filter(({ path }) => /^api\/redis\/([a-z]+-)?scripts\.ts$/.test(path));
  if (declaring.length === 0) return [`${SCRIPTS}: are missing; the house rules read them.`];
  return check({ path: SCRIPTS, text: declaring.map(({ text }) => text).join('\n') });
}

interface Declaration {
  name: string;
  /** The imported variable that holds the Lua text. */
  source: string;
  words: string[];
}

/** defineScript('place_holds', placeHoldsLua, ['not_armed', 'placed']) */
function declarations(scripts: File): Declaration[] {
  const call = /\bdefineScript(?:<[^(]*>)?\(\s*'(\w+)',\s*(\w+),\s*\[([^\]]*)\]/g;
  return [...withoutComments(scripts).matchAll(call)].map(([, name = '', source = '', words = '']) => ({
    name,
    source,
    words: quoted(words),
  }));
}

// ---- header ----

/** The comment lines before the first line of code, without their dashes. */
function headerOf(file: File): string[] {
  const lines = file.text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--'));
  return lines.slice(0, end === -1 ? lines.length : end).map((line) => line.slice('--'.length));
}

/** In the Replies block each reply is a line `--   word ...`; what explains it further is indented more. */
function repliesOf(file: File): string[] {
  const header = headerOf(file);
  const start = header.findIndex((line) => line.startsWith(' Replies:'));
  if (start === -1) return [];
  const length = header.slice(start + 1).findIndex((line) => !/^ {3,}\S/.test(line));
  const block = header.slice(start + 1, length === -1 ? undefined : start + 1 + length);
  return block.flatMap((line) => /^ {3}([a-z_]+)( |$)/.exec(line)?.[1] ?? []);
}

export const luaHeadersAreComplete: Check = (files) => {
  const prelude = inFile(files, PRELUDE, (file) =>
    headerOf(file)[0]?.startsWith(' sale: ') ? [] : [`${PRELUDE}: must begin with '-- sale: what it is'.`],
  );
  return [
    ...prelude,
    ...scriptFiles(files).flatMap((file) => {
      const header = headerOf(file);
      const first = ` ${nameOf(file)}: `;
      const complaints = ['ARGV', 'Replies', 'Again']
        .filter((part) => !header.some((line) => line.startsWith(` ${part}:`)))
        .map((part) => `${file.path}: its header has no '-- ${part}:'; say it.`);
      return header[0]?.startsWith(first)
        ? complaints
        : [`${file.path}: must begin with '--${first}one sentence'.`, ...complaints];
    }),
  ];
};

// ---- reply words ----

/** Words that open a table, and so can be a reply: { 'held', ... } or reply('held', ...). */
const opening = (body: string): string[] =>
  [...body.matchAll(/(?:\{|\breply\()\s*['"]([a-z_]+)['"]/g)].map(([, word]) => word ?? '');

function replyWords(file: File, declared: string[], prelude: string): string[] {
  const body = withoutComments(file);
  const inHeader = repliesOf(file);
  return [
    ...missingFrom(declared, inHeader).map(
      (word) => `'${word}' is in ${SCRIPTS} but not in its header's Replies.`,
    ),
    ...missingFrom(inHeader, declared).map((word) => `'${word}' is in its header but not in ${SCRIPTS}.`),
    ...missingFrom(opening(body), declared).map(
      (word) => `answers '${word}', which ${SCRIPTS} does not declare.`,
    ),
    ...missingFrom(declared, quoted(body + prelude)).map((word) => `never answers '${word}'; take it out.`),
  ].map((complaint) => `${file.path}: ${complaint}`);
}

export const luaRepliesAreDeclared: Check = (files) =>
  inScripts(files, (scripts) => {
    const declared = declarations(scripts);
    const parts = PARTS.flatMap((path) => find(files, path) ?? []).map(withoutComments);
    const prelude = parts.join('\n');
    return scriptFiles(files).flatMap((file) => {
      const own = declared.find(({ name }) => name === nameOf(file));
      return own ? replyWords(file, own.words, prelude) : [];
    });
  });

export const luaScriptsAreDeclaredOnce: Check = (files) =>
  inScripts(files, (scripts) => {
    const declared = declarations(scripts);
    const names = scriptFiles(files).map(nameOf);
    const undeclared = names
      .filter((name) => declared.filter((declaration) => declaration.name === name).length !== 1)
      .map(
        (name) =>
          `lua/${name}.lua: ${SCRIPTS} must declare it exactly once with defineScript('${name}', ...).`,
      );
    const unknown = missingFrom(
      declared.map(({ name }) => name),
      names,
    ).map((name) => `${SCRIPTS}: declares '${name}', but lua/${name}.lua is missing.`);
    const mistaken = declared
      .filter(({ name, source }) => {
        const from = new RegExp(`\\bimport ${source} from '@flash-sale/lua/${name}\\.lua'`);
        return !from.test(scripts.text);
      })
      .map(
        ({ name, source }) =>
          `${SCRIPTS}: '${name}' is declared with ${source}, not imported from ${name}.lua.`,
      );
    return [...undeclared, ...unknown, ...mistaken];
  });

// ---- keys ----

export const luaKeysHaveOneOrder: Check = (files) =>
  inFile(files, PRELUDE, (prelude) =>
    inFile(files, KEYS, (keys) => {
      const [, array] = /\bSALE_KEY_NAMES\b[^=]*=\s*\[([^\]]*)\]/.exec(withoutComments(keys)) ?? [];
      const [, locals] = /\blocal\s+([\w\s,]+?)\s*=\s*unpack\(KEYS\)/.exec(withoutComments(prelude)) ?? [];
      if (array === undefined) return [`${KEYS}: must export const SALE_KEY_NAMES = ['meta', ...] as const.`];
      if (locals === undefined) {
        return [`${PRELUDE}: must take its keys with 'local meta_key, ... = unpack(KEYS)'.`];
      }
      const inTypeScript = quoted(array).map((name) => `${name}_key`);
      const inLua = locals.split(',').map((name) => name.trim());
      const same = inTypeScript.join() === inLua.join();
      return same
        ? []
        : [`${PRELUDE}: takes ${inLua.join(', ')}, but ${KEYS} passes ${inTypeScript.join(', ')}.`];
    }),
  );

export const luaTakesKeysInThePreludeOnly: Check = (files) =>
  scriptFiles(files)
    .filter((file) => /\bKEYS\b/.test(withoutComments(file)))
    .map((file) => `${file.path}: uses KEYS; use the names that ${PRELUDE} gives them.`);

export const luaIsDeterministic: Check = (files) =>
  files
    .filter(({ path }) => path.endsWith('.lua'))
    .flatMap((file) => {
      const found = /\b(os\.\w+|math\.random(seed)?)\b/.exec(withoutComments(file));
      return found ? [`${file.path}: calls ${found[0]}; time comes from TIME, chance from ARGV.`] : [];
    });
