/** Names, words and leftovers. */

import {
  type Check,
  type File,
  commentsOf,
  isForTests,
  isGenerated,
  isTestFile,
  isTypeScript,
  withoutComments,
  withoutCommentsAndStrings,
} from './project.ts';

const isLua = (file: File): boolean => file.path.endsWith('.lua');
const isCode = (file: File): boolean => isTypeScript(file) || isLua(file);
const isSql = (file: File): boolean => file.path.endsWith('.sql');
const ours = (files: File[]): File[] => files.filter((file) => !isGenerated(file));

// ---- file names ----

const KEBAB = /^\.?[a-z0-9]+([-.][a-z0-9]+)*$/;
const SNAKE_LUA = /^[a-z0-9]+(_[a-z0-9]+)*(\.d\.ts|\.lua)$/;
/** Names that readers and tools look for by exactly this spelling. */
const WELL_KNOWN = /^([A-Z]+(\.md)?|Dockerfile|Flash-Sale-API\.postman_collection\.json)$/;

export const namesAreKebabCase: Check = (files) =>
  ours(files).flatMap(({ path }) => {
    const segments = path.split('/');
    const name = segments.pop() ?? '';
    const wrong = segments.filter((folder) => !KEBAB.test(folder));
    if (isLua({ path, text: '' }) ? !SNAKE_LUA.test(name) : !KEBAB.test(name) && !WELL_KNOWN.test(name)) {
      wrong.push(name);
    }
    const style = isLua({ path, text: '' }) ? 'snake_case.lua' : 'kebab-case';
    return wrong.map((segment) => `${path}: '${segment}' is not ${style}; rename it.`);
  });

const DRAWERS = /^(utils?|helpers?|common|misc|types|lib)$/;

export const noDrawersAndBarrels: Check = (files) =>
  ours(files).flatMap(({ path }) => {
    const segments = path.split('/');
    const drawer = segments.find((segment) => DRAWERS.test(segment.replace(/\.tsx?$/, '')));
    if (drawer) return [`${path}: '${drawer}' says nothing; name it after what is in it.`];
    const isBarrel = /(^|\/)index\.tsx?$/.test(path);
    return isBarrel ? [`${path}: is an index file; import from the file that has the thing.`] : [];
  });

// ---- one word per thing (design: `hold`, `unit`, `sale`, `order`) ----

const RIVALS = new Map([
  ['reserve', 'hold'],
  ['reserves', 'hold'],
  ['reserved', 'held'],
  ['reserving', 'holding'],
  ['reservation', 'hold'],
  ['reservations', 'holds'],
  ['claim', 'hold'],
  ['claims', 'holds'],
  ['claimed', 'held'],
  ['ticket', 'unit'],
  ['tickets', 'units'],
]);
/** `drop` and `lock` are SQL's words too: they are refused only where they are glued to a noun of ours. */
const SQL_RIVAL =
  /\b((flash|sale|product|stock)_?drops?|drops?_?(sale|product)s?|locks?_?(unit|stock)s?|(unit|stock)_?locks?)\b/i;

/** 'placeHold', 'PLACE_HOLD' and 'place-hold' are the words place and hold. */
const wordsOf = (text: string): string[] =>
  text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);

export const oneWordPerThing: Check = (files) =>
  ours(files).flatMap((file) => {
    // Test data may say what it likes in strings; names may not.
    const read = isForTests(file) ? withoutCommentsAndStrings : withoutComments;
    const text = isCode(file) || isSql(file) ? `${file.path} ${read(file)}` : file.path;
    const rivals = new Set(wordsOf(text).filter((word) => RIVALS.has(word)));
    const complaints = [...rivals].map(
      (word) => `${file.path}: says '${word}'; our word is '${RIVALS.get(word)}'.`,
    );
    const glued = SQL_RIVAL.exec(text);
    if (glued) complaints.push(`${file.path}: says '${glued[0]}'; our words are 'sale' and 'hold'.`);
    return complaints;
  });

// ---- tests ----

/** `${...}` says in a run what it says. */
const TEST_NAME = /^ *test\(\s*(['"`])((?:(?!\1|\$\{).)+)\1/gm;

export const testsAreNamedBySentences: Check = (files) =>
  files.filter(isTestFile).flatMap(({ path, text }) =>
    [...text.matchAll(TEST_NAME)].flatMap(([, , name = '']) => {
      const isSentence = name.split(' ').length >= 3 && !name.endsWith('.') && !name.startsWith('should ');
      return isSentence ? [] : [`${path}: '${name}' is no sentence about what the product does.`];
    }),
  );

// ---- headers ----

export const headersAreDocComments: Check = (files) =>
  files
    .filter((file) => isTypeScript(file) && /^\/\/|^\/\*\*(?:(?!\*\/)[^])*\*\/\nimport/.test(file.text))
    .map(({ path }) => `${path}: says what it is about in a doc comment, with an empty line after it.`);

// ---- leftovers ----

const NOTE_TO_SELF = /\b(TODO|FIXME|XXX|HACK)\b/;

export const noNotesToSelf: Check = (files) =>
  ours(files).flatMap((file) => {
    const text = isCode(file) ? commentsOf(file).join('\n') : file.text;
    if (!isCode(file) && !/\.(md|ya?ml)$|(^|\/)Dockerfile$/.test(file.path)) return [];
    const found = NOTE_TO_SELF.exec(text);
    return found ? [`${file.path}: has a ${found[0]}; do it, or write an issue.`] : [];
  });

const SWITCHED_OFF = /\b(test|it|describe)(\.\w+)*\.(only|skip|todo|failing)\b/;

export const noSwitchedOffTests: Check = (files) =>
  files.filter(isTestFile).flatMap((file) => {
    const found = SWITCHED_OFF.exec(withoutCommentsAndStrings(file));
    return found ? [`${file.path}: has \`${found[0]}\`; every test runs, or it goes.`] : [];
  });

/** Shapes that prose does not take: a whole statement, ended as oxfmt ends it. */
const STATEMENT = [
  /^(const|let|var) [\w{[][^=]* = .*[;{([]$/,
  /^(export |async |import )+[\w{*].*[;{]$/,
  /^(await |return |void |yield )*[\w.]+\([^ ]*.*\);$/,
  /^\}? ?(else )?(if|for|while|switch) \(.*\{$/,
  /^local [\w, ]+ = \S/,
  /^redis\.call\(/,
];

export const noCommentedOutCode: Check = (files) =>
  ours(files)
    .filter(isCode)
    .flatMap((file) =>
      commentsOf(file)
        .flatMap((comment) => comment.split('\n'))
        .map((line) => line.replace(/^\s*(\/\/|--|\/?\*+)\s*/, '').trimEnd())
        .filter((line) => STATEMENT.some((shape) => shape.test(line)))
        .map((line) => `${file.path}: commented-out code \`${line}\`; delete it, git remembers.`),
    );

// ---- sizes that oxlint does not measure (it does .ts: see .oxlintrc.json) ----

export const luaFitsOnAPage: Check = (files) =>
  files.filter(isLua).flatMap((file) => {
    const lines = file.text.trimEnd().split('\n');
    const wide = lines.findIndex((line) => line.length > 120);
    return [
      ...(lines.length > 150
        ? [`${file.path}: has ${lines.length} lines, at most 150; make it two steps.`]
        : []),
      ...(wide >= 0 ? [`${file.path}:${wide + 1}: is wider than 120 columns; break the line.`] : []),
    ];
  });
