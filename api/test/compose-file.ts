/** docker-compose.yml as it is written, and as Docker's compose understands it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeCommand } from './compose-plugin.ts';

interface Mount {
  type: string;
  source: string;
  target: string;
  read_only?: boolean;
  bind?: { create_host_path?: boolean };
}

export interface Service {
  image: string;
  profiles?: string[];
  build?: string;
  pull_policy?: string;
  user?: string;
  restart?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  logging?: { options: Record<string, string> };
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  networks?: string[] | Record<string, { ipv4_address: string }>;
  mem_limit?: string;
  depends_on?: Record<string, { condition: string; required?: boolean }>;
  network_mode?: string;
  volumes?: (string | Mount)[];
  ulimits?: { core: number; nofile?: number };
  stop_grace_period?: string;
  healthcheck?: { test?: string[]; disable?: boolean };
}

interface ComposeFile {
  services: Record<string, Service>;
  networks: Record<
    string,
    { internal?: boolean; ipam?: { config: { subnet: string; ip_range?: string }[] } } | null
  >;
  volumes: Record<string, null>;
}

export const ROOT = join(import.meta.dir, '../..');
export const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
export const yaml = <Shape>(path: string) => Bun.YAML.parse(read(path)) as Shape;

export const { services, networks, volumes } = yaml<ComposeFile>('docker-compose.yml');
export const all = Object.entries(services);

export function service(name: string): Service {
  const found = services[name];
  if (found === undefined) throw new Error(`docker-compose.yml: there is no service ${name}`);
  return found;
}

export const volumesOf = ({ volumes: mounts = [] }: Service) =>
  mounts.filter((mount) => typeof mount === 'string').map((mount) => mount.split(':'));
export const networksOf = ({ networks: on = [] }: Service) => (Array.isArray(on) ? on : Object.keys(on));
export const filesOf = ({ volumes: mounts = [] }: Service) =>
  mounts.filter((mount) => typeof mount !== 'string');

/** Of the cluster, masters first. */
export const NODES = all
  .filter(([, { image, command }]) => image.startsWith('redis:') && command !== undefined)
  .map(([name]) => name);

/** Null where it is neither installed nor to be had. */
export const COMPOSE = await composeCommand();

export interface Understood {
  readonly ports?: readonly { readonly host_ip?: string; readonly published: string }[];
  readonly depends_on?: Readonly<Record<string, { readonly required: boolean }>>;
}

/**
 * @param profile `*` is all, and the empty one none
 * @throws with whatever it complains of
 */
export async function understoodWith(profile: string): Promise<Record<string, Understood>> {
  const config = Bun.spawn(
    [...(COMPOSE ?? []), '--env-file', '/dev/null', '--profile', profile, 'config', '--format', 'json'],
    {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' },
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );
  const [code, out, err] = await Promise.all([config.exited, config.stdout.text(), config.stderr.text()]);
  if (code !== 0 || err !== '') throw new Error(`docker compose ended with ${code}: ${err}`);
  return (JSON.parse(out) as { services: Record<string, Understood> }).services;
}
