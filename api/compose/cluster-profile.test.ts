/**
 * The profile `cluster` of docker-compose.yml: it makes the one Redis the first of six nodes, for the same services.
 * form-cluster.test.ts has what they do.
 */

import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { BlockList } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { all, COMPOSE, networks, NODES, service, understoodWith, volumesOf } from '../test/compose-file.ts';
import { writeSecrets } from './secrets.ts';

test.skipIf(COMPOSE === null)('starts a profile beside the rest, and waits for nobody else', async () => {
  const base = all.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
  expect(base).not.toContain('redis-2');
  for (const profile of ['', 'cluster', 'observability']) {
    const own = all.filter(([, { profiles = [] }]) => profiles.includes(profile)).map(([name]) => name);
    const started = await understoodWith(profile);
    expect(Object.keys(started).sort()).toEqual([...base, ...own].sort());
    // Whoever is not started must not be needed.
    for (const [name, { depends_on = {} }] of Object.entries(started)) {
      const missing = Object.entries(depends_on).filter(([needed]) => !(needed in started));
      expect([name, missing.filter(([, { required }]) => required)]).toEqual([name, []]);
    }
  }
  for (const name of ['api', 'worker']) {
    const { depends_on: waited = {} } = service(name);
    expect(waited['redis-cluster']).toEqual({ condition: 'service_completed_successfully', required: false });
  }
});

test.each(['one Redis', 'cluster'] as const)('APIs, workers and Prometheus find every node: %s', (kind) => {
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-secrets-'));
  writeSecrets(folder, kind);
  const [, variable = '', path = ''] =
    /^(\w+)_FILE=\/run\/secrets(\/.*)$/m.exec(readFileSync(join(folder, 'app/redis.env'), 'utf8')) ?? [];
  const urls = readFileSync(join(folder, 'app', path), 'utf8')
    .trim()
    .split(',');
  const [targets] = JSON.parse(readFileSync(join(folder, 'redis-targets/redis.json'), 'utf8')) as [
    { targets: string[] },
  ];
  rmSync(folder, { recursive: true });
  const hosts = kind === 'cluster' ? NODES : ['redis'];
  expect(variable).toBe(kind === 'cluster' ? 'REDIS_CLUSTER_NODES' : 'REDIS_URL');
  expect(urls.map((url) => new URL(url).hostname)).toEqual(hosts);
  expect(targets.targets).toEqual(hosts.map((host) => `${host}:6379`));
  for (const name of ['api', 'worker']) {
    expect(service(name).command?.[0]).toBe('--env-file=/run/secrets/redis.env');
  }
});

describe('the nodes', () => {
  test('are six, each with data of its own, and the cluster waits for all of them', () => {
    expect(NODES).toHaveLength(6);
    expect(new Set(NODES.map((name) => volumesOf(service(name))[0]?.join(':'))).size).toBe(NODES.length);
    const { depends_on: waited = {} } = service('redis-cluster');
    expect(Object.keys(waited)).toEqual(NODES);
    expect(Object.values(waited)).toEqual(NODES.map(() => ({ condition: 'service_healthy' })));
  });

  test('have addresses that nobody else is given', () => {
    const { subnet = '', ip_range = '' } = networks['stores']?.ipam?.config[0] ?? {};
    const addresses = NODES.map((name) => {
      const { networks: own = {} } = service(name);
      return Array.isArray(own) ? '' : String(own['stores']?.ipv4_address);
    });
    expect(new Set(addresses).size).toBe(NODES.length);
    const lists = [subnet, ip_range].map((range) => {
      const [network = '', bits] = range.split('/');
      const list = new BlockList();
      list.addSubnet(network, Number(bits));
      return list;
    });
    for (const address of addresses) {
      expect([address, ...lists.map((list) => list.check(address))]).toEqual([address, true, false]);
    }
  });
});
