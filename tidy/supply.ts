// What comes from elsewhere comes as it was when we looked at it: no code of it runs while it is installed, nothing
// is newer than a week, nothing is newer than the lock file. And what goes out has one version.
import { type Check, find, inFile } from './project.ts';

const WEEK_S = 7 * 24 * 3_600;

interface PackageFile {
  version?: string;
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

/** Where a machine installs: commands of package.json, the image, compose, CI. People read the rest. */
const INSTALLS = /(^|\/)package\.json$|^Dockerfile$|^docker-compose\.yml$|^\.ci\//;

export const installsAreFrozen: Check = (files) =>
  files
    .filter(({ path }) => INSTALLS.test(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:bun|npm|pnpm|yarn) (?:install|i|ci|add|update)\b[^\n"&|;]*/g)]
        .filter(([command]) => !command.startsWith('bun install') || !command.includes('--frozen-lockfile'))
        .map(([command]) => `${path}: \`${command.trim()}\` must be bun install --frozen-lockfile.`),
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
