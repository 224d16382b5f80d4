/** The packages that `bun install` put here, as `bun pm licenses` and their own package files tell. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Installed {
  /** "ink@8.0.0" */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** As the package says; "Unknown" where it says nothing. */
  readonly licence: string;
  /** Needed by what runs in production, not only by tests, benches and generators. */
  readonly isForProduction: boolean;
  /** Holds a program for one system and processor: other machines install another. */
  readonly isForOneSystem: boolean;
  /** What it would run while it is installed, if we let it. */
  readonly installScripts: readonly string[];
}

type Listed = Readonly<
  Record<string, readonly { readonly name: string; readonly paths: readonly string[] }[]>
>;

interface PackageFile {
  readonly version: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Each version once, in the order of their names. */
export function installedPackages(): Installed[] {
  const production = new Set(entriesOf(list('--prod')).map(({ path }) => path));
  const found = new Map<string, Installed>();
  for (const { name, path, licence } of entriesOf(list())) {
    const { version, os, cpu, scripts = {} } = readJson<PackageFile>(join(path, 'package.json'));
    const id = `${name}@${version}`;
    const installScripts = ['preinstall', 'install', 'postinstall'].flatMap((when) => scripts[when] ?? []);
    // Package managers build what has this file, told or not.
    if (existsSync(join(path, 'binding.gyp'))) installScripts.push('node-gyp rebuild');
    // The same version may be installed twice, beside other peers.
    const isForProduction = production.has(path) || found.get(id)?.isForProduction === true;
    const isForOneSystem = os !== undefined || cpu !== undefined;
    found.set(id, { id, name, version, licence, isForProduction, isForOneSystem, installScripts });
  }
  return [...found.values()].toSorted((a, b) =>
    a.name === b.name ? Bun.semver.order(a.version, b.version) : a.name < b.name ? -1 : 1,
  );
}

function list(...options: string[]): Listed {
  const command = [process.execPath, 'pm', 'licenses', '--json', ...options];
  const { stdout, stderr, success } = Bun.spawnSync(command, { cwd: dirname(import.meta.dir) });
  if (!success) throw new Error(`bun pm licenses: ${stderr.toString()}`);
  return JSON.parse(stdout.toString()) as Listed;
}

const entriesOf = (listed: Listed) =>
  Object.entries(listed).flatMap(([licence, packages]) =>
    packages.flatMap(({ name, paths }) => paths.map((path) => ({ name, path, licence }))),
  );

const readJson = <Shape>(path: string): Shape => JSON.parse(readFileSync(path, 'utf8')) as Shape;
