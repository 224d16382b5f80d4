/**
 * docker-compose.yml as Docker's compose reads it, and what it promises: nothing listens beyond this machine, nobody has
 * a password that others know, and nothing may do more than it must. Containers are not started here.
 */

import { describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DRAIN_MAX_MS, SQL_CONNECTIONS_MAX } from '@flash-sale/shared/limits.ts';
import { ENVIRONMENT } from '../config.ts';
import {
  all,
  COMPOSE,
  filesOf,
  networks,
  networksOf,
  NODES,
  read,
  ROOT,
  service,
  services,
  understoodWith,
  volumes,
  volumesOf,
  yaml,
} from '../test/compose-file.ts';
import { writeSecrets } from './secrets.ts';

/** Tasks that end. */
const TASKS = new Map([
  ['secrets', 'no'],
  ['cluster-secrets', 'no'],
  ['migrate', 'on-failure:3'],
  ['redis-cluster', 'on-failure:3'],
]);

/** Who is root, and why. */
const ROOTS = new Map([
  ['secrets', 'writes into new volumes, which are of root; has no network'],
  ['cluster-secrets', 'the same'],
]);

/** Who makes folders for all others. */
const isMaker = (name: string) => ROOTS.has(name);

describe(
  COMPOSE === null
    ? 'docker compose, which is neither installed nor to be had from Debian'
    : 'docker compose',
  () => {
    test.skipIf(COMPOSE === null)('understands the file as it is meant', async () => {
      const understood = await understoodWith('*');
      expect(Object.keys(understood).sort()).toEqual(Object.keys(services).sort());
      const published = Object.values(understood).flatMap(({ ports = [] }) => ports);
      expect(published.map(({ published: port }) => port).sort()).toEqual(['3000', '8000', '8001', '9090']);
      for (const { host_ip } of published) expect(host_ip).toBe('127.0.0.1');
    });
  },
);

describe.each(all)('the service %s', (name, one) => {
  test('has an image of one version', () => {
    expect(one.image).toMatch(/^[a-z][\w./-]*:v?\d+\.\d+\.\d+(-alpine)?$/);
  });

  test('listens on this machine at most', () => {
    for (const port of one.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:(\d+|\$\{\w+:-\d+\}):\d+$/);
  });

  test('may do no more than it must', () => {
    expect(one).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      // A core would be a copy of all secrets.
      ulimits: { core: 0 },
    });
    expect(one.user).toBeString();
    expect(/^(0|root)\b/.test(one.user ?? '')).toBe(ROOTS.has(name));
    expect(one.logging?.options).toHaveProperty('max-size');
    expect(one.mem_limit).toMatch(/^\d+[mg]$/);
  });

  test('is started again and watched, or is a task that ends', () => {
    const task = TASKS.get(name);
    expect(one.restart).toBe(task ?? 'unless-stopped');
    if (task === undefined) expect(one.healthcheck?.test?.[0]).toMatch(/^CMD(-SHELL)?$/);
  });

  test('mounts only files that are here, and may not change them', () => {
    for (const { type, source, read_only, bind } of filesOf(one)) {
      expect([source, existsSync(join(ROOT, source))]).toEqual([source, true]);
      expect({ type, read_only, bind }).toEqual({
        type: 'bind',
        read_only: true,
        bind: { create_host_path: false },
      });
    }
    for (const [volume = ''] of volumesOf(one)) expect(volumes).toHaveProperty(volume);
  });
});

describe('secrets', () => {
  test('are never written in the file', () => {
    for (const [, { environment = {}, command = [], healthcheck }] of all) {
      for (const [variable, value] of Object.entries(environment)) {
        if (!/PASSWORD|SECRET|TOKEN|KEY|_URL|NODES/.test(variable)) continue;
        // A path, or what the person who starts it has in the environment, without a default.
        expect([variable, value]).toEqual([
          variable,
          expect.stringMatching(/^(\/[\w./-]+|\$\{[A-Z_]+:-\})$/) as unknown as string,
        ]);
      }
      // A process's arguments are read by everybody on its machine.
      expect(command.join(' ')).not.toMatch(/pass(word)?[= ]|auth\b|\/\/[^/\s]*@/i);
      expect(healthcheck?.test?.join(' ') ?? '').not.toMatch(/ (-a|--pass|--user) /);
    }
  });

  test('are files that are made, and every service mounts its own folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flash-sale-secrets-'));
    writeSecrets(folder, 'cluster');
    const places = new Map(volumesOf(service('secrets')).map(([volume, path]) => [volume, path]));
    const users = all.filter(([name]) => !isMaker(name));
    let named = 0;
    for (const [, one] of users) {
      const words = JSON.stringify(one);
      for (const [volume = '', target = '', mode] of volumesOf(one)) {
        const place = places.get(volume);
        if (place === undefined) continue;
        expect(mode).toBe('ro');
        for (const [path] of words.matchAll(new RegExp(`${target}/[\\w.-]+`, 'g'))) {
          const file = path.replace(target, place.replace('/secrets', folder));
          expect([path, existsSync(file)]).toEqual([path, true]);
          named += 1;
        }
      }
    }
    expect(named).toBeGreaterThan(10);
    const keyHolders = all.filter(([, one]) => volumesOf(one).some(([volume]) => volume === 'key'));
    expect(keyHolders.map(([name]) => name)).toEqual([...ROOTS.keys()]);
    expect(volumesOf(service('cluster-secrets'))).toEqual(volumesOf(service('secrets')));
    rmSync(folder, { recursive: true });
  });
});

describe('networks', () => {
  const on = (name: string) => new Set(networksOf(service(name)));
  const shared = (one: string, other: string) => [...on(one).intersection(on(other))];

  test('keep the stores from everybody who does not need them', () => {
    for (const store of [...NODES, 'mariadb']) {
      for (const stranger of ['proxy', 'prometheus', 'grafana']) expect(shared(stranger, store)).toEqual([]);
      for (const friend of ['api', 'worker']) expect(shared(friend, store)).toEqual(['stores']);
    }
    for (const maker of ROOTS.keys()) expect(service(maker).network_mode).toBe('none');
  });

  test('lead out of Docker only where a port is published', () => {
    for (const [name, network] of Object.entries(networks)) {
      if (network?.internal === true) continue;
      const members = all.filter(([, one]) => networksOf(one).includes(name));
      expect(members.map(([member, { ports = [] }]) => [member, ports.length > 0])).toEqual([
        ['proxy', true],
        ['prometheus', true],
        ['grafana', true],
      ]);
    }
  });

  test('let the API believe the proxy, and nobody else', () => {
    expect(shared('proxy', 'api')).toEqual(['edge']);
    const subnet = networks['edge']?.ipam?.config[0]?.subnet;
    expect(service('api').environment?.['TRUSTED_PROXIES']).toBe(subnet);
    expect(all.filter(([, one]) => networksOf(one).includes('edge')).map(([name]) => name)).toEqual([
      'api',
      'proxy',
    ]);
  });

  test('let Prometheus reach what it scrapes', () => {
    const scraped = [
      ['api', 8001, 'watch'],
      ['worker', 8001, 'watch'],
      // On `watch` it would find the replicas at addresses where they do not believe it.
      ['proxy', 8405, 'outside'],
      ['redis-exporter', 9121, 'watch'],
      ['mysqld-exporter', 9104, 'watch'],
    ] as const;
    expect(read('api/compose/haproxy.cfg')).toContain('\n  bind :8405\n');
    for (const [name, port, network] of scraped) {
      expect(shared('prometheus', name)).toEqual([network]);
      expect(read('grafana/prometheus.yml')).toMatch(
        new RegExp(`names: \\[${name}\\]\\s+type: A\\s+port: ${port}|[' ]${name}:${port}\\b`),
      );
    }
  });
});

describe('settings', () => {
  test('are those that our processes read', () => {
    for (const name of ['api', 'worker', 'migrate']) {
      for (const variable of Object.keys(service(name).environment ?? {})) {
        const setting = variable.replace(/_FILE$/, '');
        expect(ENVIRONMENT).toHaveProperty(setting);
        if (setting !== variable) expect(ENVIRONMENT).toHaveProperty([setting, 'secret'], true);
      }
    }
  });

  test('of the stores are those of the embedded ones', () => {
    const mariadb = [...read('api/embedded/mariadb.ts').matchAll(/'(--[^']+)',/g)].map(
      ([, flag = '']) => flag,
    );
    expect(mariadb.length).toBeGreaterThan(8);
    for (const flag of mariadb.filter((candidate) => candidate !== '--skip-networking')) {
      expect(service('mariadb').command).toContain(flag);
    }
    for (const node of NODES) {
      const redis = service(node).command?.join(' ') ?? '';
      for (const name of ['appendonly', 'appendfsync', 'save', 'maxmemory-policy']) {
        const [, value] = new RegExp(`'?${name}'?: '([^']*)',`).exec(read('api/embedded/redis.ts')) ?? [];
        expect(redis).toContain(`--${name} ${value}`);
      }
    }
  });

  test('let everybody end in peace, and open as many connections as they may have', () => {
    for (const name of ['api', 'worker', 'proxy']) {
      expect(Number.parseInt(service(name).stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(
        DRAIN_MAX_MS,
      );
    }
    const [, connections] = /maxconn (\d+)/.exec(read('api/compose/haproxy.cfg')) ?? [];
    expect(service('proxy').ulimits?.nofile).toBeGreaterThan(2 * Number(connections) + 100);
  });

  test('let SQL take as many processes as the proxy finds, and workers beside them', () => {
    const [, replicas] =
      /^ {2}server-template api (\d+) api:8000 /m.exec(read('api/compose/haproxy.cfg')) ?? [];
    const flag = service('mariadb').command?.find((one) => one.startsWith('--max-connections='));
    const processes = Math.floor(Number(flag?.split('=')[1]) / SQL_CONNECTIONS_MAX);
    expect(processes).toBeGreaterThanOrEqual(Number(replicas) + 4);
    expect(service('mariadb').ulimits?.nofile).toBeGreaterThan(10 * processes * SQL_CONNECTIONS_MAX);
    expect(read('RUNBOOK.md')).toContain(`${SQL_CONNECTIONS_MAX} for each process`);
  });

  test('name one Bun, the one of the README', () => {
    const [, version] = /npx -y bun@([\d.]+) start/.exec(read('README.md')) ?? [];
    const bases = [...read('Dockerfile').matchAll(/^FROM oven\/bun:(\S+?)(-\w+)?( AS \w+)?$/gm)];
    expect(bases.map(([, used]) => used)).toEqual([version, version]);
    const own = all.filter(([, { image }]) => image.startsWith('flash-sale:'));
    const { version: ours } = JSON.parse(read('package.json')) as { version: string };
    expect(new Set(own.map(([, { image }]) => image))).toEqual(new Set([`flash-sale:${ours}`]));
    expect(own.filter(([, { build }]) => build !== undefined).map(([name]) => name)).toEqual(['secrets']);
    // Compose builds what is missing. With `build` each remedy of the runbook would wait for a new image.
    expect(own.filter(([, { pull_policy }]) => pull_policy === 'build')).toEqual([]);
  });
});

describe('Grafana and Prometheus', () => {
  const placeOf = (name: string, source: string) =>
    filesOf(service(name)).find((mount) => mount.source === source)?.target;

  test('find the boards, the rules and the runbook', () => {
    const { providers } = yaml<{ providers: { folderUid: string; options: { path: string } }[] }>(
      'grafana/provisioning/dashboards/flash-sale.yml',
    );
    expect(providers).toMatchObject([
      { folderUid: 'flashsale', options: { path: String(placeOf('grafana', './grafana/dashboards/json')) } },
    ]);
    expect(placeOf('grafana', './grafana/provisioning')).toBe('/etc/grafana/provisioning');
    const flags = service('prometheus').command ?? [];
    expect(flags).toContain(`--web.user-assets=${placeOf('prometheus', './grafana/runbook')}`);
    expect(flags).toContain(`--config.file=${placeOf('prometheus', './grafana/prometheus.yml')}`);
    expect(flags).toContain('--web.external-url=http://127.0.0.1:9090');
    const { rule_files } = yaml<{ rule_files: string[] }>('grafana/prometheus.yml');
    for (const file of rule_files) expect(file).toStartWith('rules/');
    expect(placeOf('prometheus', './grafana/rules')).toBe('/etc/prometheus/rules');
    expect(read('grafana/prometheus.yml')).toContain('files: [redis/redis.json]');
    expect(volumesOf(service('prometheus'))).toContainEqual(['redis-targets', '/etc/prometheus/redis', 'ro']);
  });

  test('agree on how often they look', () => {
    const { datasources } = yaml<{ datasources: { uid: string; url: string; jsonData: object }[] }>(
      'grafana/provisioning/datasources/prometheus.yml',
    );
    const { global } = yaml<{ global: { scrape_interval: string } }>('grafana/prometheus.yml');
    expect(datasources).toMatchObject([
      {
        uid: 'flashsale-prometheus',
        url: 'http://prometheus:9090',
        jsonData: { timeInterval: global.scrape_interval },
      },
    ]);
  });
});
