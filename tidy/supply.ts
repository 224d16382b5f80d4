/**
 * What comes from elsewhere comes as it was when we looked at it: no code of it runs while it is installed, nothing
 * is newer than a week, nothing is newer than the lock file. And what goes out has one version.
 */

import { type Check, find, inFile } from './project.ts';

const WEEK_S = 7 * 24 * 3_600;

/**
 * Why a package has another version than its dependents ask for: theirs has a known hole. All but esbuild are newman's.
 * When a dependent asks for a later one by itself, the override goes.
 */
const OVERRIDDEN: Record<string, string> = {
  esbuild: 'GHSA-67mh-4wv8-2f99, below 0.25.0; drizzle-kit asks for two',
  flatted: 'GHSA-25h7-pfq9-p65f and GHSA-rf6f-7fwh-wjgh, below 3.4.2',
  handlebars: 'GHSA-2w6w-674q-4c4q and five more, below 4.7.9',
  jose: 'GHSA-hhhv-q57g-882q, below 4.15.5',
  lodash: 'GHSA-r5fr-rjxr-66jc and GHSA-f23m-r3pf-42rh, below 4.18.0',
  'node-forge': 'CVE-2025-12816, CVE-2026-33891 and others, below 1.4.0',
  qs: 'GHSA-6rw7-vpxm-498p, below 6.14.1, and GHSA-x5fp-wj9c-mxmx, below 6.16.0',
  underscore: 'GHSA-qpx9-hpmf-5gmw, below 1.13.8',
  uuid: 'GHSA-w5hq-g745-h8pq, below 11.1.1',
};

interface PackageFile {
  version?: string;
  overrides?: Record<string, string>;
  trustedDependencies?: string[];
}

interface BunSettings {
  install?: { minimumReleaseAge?: number; minimumReleaseAgeExcludes?: string[] };
}

/** Bun trusts some hundred names of its own where the list is absent. */
export const nothingIsTrusted: Check = (files) =>
  inFile(files, 'package.json', ({ text }) => {
    const { trustedDependencies: trusted } = JSON.parse(text) as PackageFile;
    return trusted?.length === 0 ? [] : ['package.json: must say "trustedDependencies": [].'];
  });

export const overridesHaveReasons: Check = (files) =>
  inFile(files, 'package.json', ({ text }) => {
    const { overrides = {} } = JSON.parse(text) as PackageFile;
    const names = new Set([...Object.keys(overrides), ...Object.keys(OVERRIDDEN)]);
    return [...names]
      .filter((name) => !(name in overrides && name in OVERRIDDEN))
      .map(
        (name) =>
          `${name}: is either overridden in package.json and explained in tidy/supply.ts, or neither.`,
      );
  });

export const releasesAreAWeekOld: Check = (files) =>
  inFile(files, 'bunfig.toml', ({ text }) => {
    const { install } = Bun.TOML.parse(text) as BunSettings;
    return [
      ...((install?.minimumReleaseAge ?? 0) >= WEEK_S
        ? []
        : [`bunfig.toml: minimumReleaseAge must be ${WEEK_S} or more.`]),
      ...(install?.minimumReleaseAgeExcludes ?? []).map(
        (name) => `bunfig.toml: ${name} must wait like all others.`,
      ),
    ];
  });

/** Where a machine installs: before each command, the image, compose, CI. People read the rest. */
const INSTALLS =
  /(^|\/)package\.json$|^api\/embedded\/dependencies\.ts$|^Dockerfile$|^docker-compose\.yml$|^\.ci\//;

export const installsAreFrozen: Check = (files) =>
  files
    .filter(({ path }) => INSTALLS.test(path))
    .flatMap(({ path, text }) =>
      [...spelled(text).matchAll(/\b(?:bun|npm|pnpm|yarn) (?:install|i|ci|add|update)\b[^\n"&|;]*/g)]
        .filter(([command]) => !command.startsWith('bun install') || !command.includes('--frozen-lockfile'))
        .map(([command]) => `${path}: \`${command.trim()}\` must be bun install --frozen-lockfile.`),
    );

/** A program names the words of a command one by one. */
const spelled = (text: string) =>
  text.replaceAll(
    /\[process\.execPath, ([^\]]*)\]/g,
    (_, words: string) => `bun ${words.replaceAll(/[',]/g, '')}`,
  );

export const versionIsOne: Check = (files) =>
  inFile(files, 'package.json', (root) => {
    const { version = 'none' } = JSON.parse(root.text) as PackageFile;
    const others = files
      .filter(({ path }) => /^[^/]+\/package\.json$/.test(path))
      .map((file) => [file.path, (JSON.parse(file.text) as PackageFile).version]);
    const images = [
      ...(find(files, 'docker-compose.yml')?.text ?? '').matchAll(/image: flash-sale:(\S+)/g),
    ].map(([, tag]) => ['docker-compose.yml', tag]);
    const [, newest] = /^## \[(\d[^\]]*)\]/m.exec(find(files, 'CHANGELOG.md')?.text ?? '') ?? [];
    return [...others, ...images, ['CHANGELOG.md', newest]]
      .filter(([, told]) => told !== version)
      .map(([path, told = 'no version']) => `${path}: says ${told}, package.json says ${version}.`);
  });
