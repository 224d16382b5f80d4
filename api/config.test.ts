import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, redisAddress } from './config.ts';

const addressOf = (environment: Record<string, string>) => redisAddress(readConfig(environment));

describe('where Redis is', () => {
  test('is said by one variable, or by none', () => {
    expect(addressOf({})).toBeNull();
    expect(addressOf({ REDIS_URL: 'unix:///run/redis.sock' })).toBe('unix:///run/redis.sock');
    expect(addressOf({ REDIS_CLUSTER_NODES: 'redis://u:p@a:7000, redis://u:p@b' })).toEqual({
      clusterNodes: ['redis://u:p@a:7000', 'redis://u:p@b'],
    });
    const sentinels = { REDIS_SENTINELS: 'redis://a:26379,redis://b:26379' };
    const asked = ['redis://a:26379', 'redis://b:26379'];
    expect(addressOf(sentinels)).toEqual({ sentinels: asked, master: 'redis://flash-sale' });
    for (const [said, master] of [
      ['shop', 'redis://shop'],
      ['redis://u:p@shop', 'redis://u:p@shop'],
      ['rediss://:p@shop/2', 'rediss://:p@shop/2'],
    ] as const) {
      expect(addressOf({ ...sentinels, REDIS_SENTINEL_MASTER: said })).toEqual({ sentinels: asked, master });
    }
  });

  test('is not said twice, in a file neither', () => {
    const ways = {
      REDIS_URL: 'redis://a',
      REDIS_CLUSTER_NODES: 'redis://a:7000',
      REDIS_SENTINELS: 'redis://a:26379',
    };
    const { REDIS_URL, ...others } = ways;
    for (const [name, value] of Object.entries(others)) {
      expect(() => readConfig({ REDIS_URL, [name]: value })).toThrow(
        `${name} and REDIS_URL are both set: unset one`,
      );
    }
    expect(() => readConfig(others)).toThrow(
      'REDIS_SENTINELS and REDIS_CLUSTER_NODES are both set: unset one',
    );
    expect(() => readConfig({ REDIS_URL_FILE: '/run/redis', REDIS_SENTINELS: 'redis://a' })).toThrow(
      'REDIS_SENTINELS and REDIS_URL are both set: unset one',
    );
    expect(addressOf({ REDIS_URL: '', REDIS_CLUSTER_NODES: 'redis://a:7000' })).toEqual({
      clusterNodes: ['redis://a:7000'],
    });
  });

  test('may be in a file, as every secret', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flash-sale-config-'));
    try {
      const file = join(folder, 'nodes');
      writeFileSync(file, 'redis://:p@a:7000,redis://:p@b:7000\n');
      expect(addressOf({ REDIS_CLUSTER_NODES_FILE: file })).toEqual({
        clusterNodes: ['redis://:p@a:7000', 'redis://:p@b:7000'],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is refused when it cannot be meant, and no password is printed', () => {
    for (const nodes of [
      'a:7000',
      'http://a:7000',
      'redis://:secret@a,redis://b',
      'redis://:secret@a,rediss://:secret@b',
      'redis://:secret@a,',
      'unix:///run/redis.sock',
      'redis://:secret@a:7000/1,redis://:secret@b:7000/1',
    ]) {
      for (const name of ['REDIS_CLUSTER_NODES', 'REDIS_SENTINELS']) {
        let message = '';
        try {
          readConfig({ [name]: nodes });
        } catch (error) {
          message = String(error);
        }
        expect(message).toContain(`${name}: expected redis:// or rediss://`);
        expect(message).not.toContain('secret');
      }
    }
    expect(() => readConfig({ REDIS_CLUSTER_NODES: 'redis://a:7000/1' })).toThrow(
      'without a database number',
    );
    for (const url of ['redis://:secret@a/orders', 'redis://:secret@a/1x', 'rediss://:secret@a/1/2']) {
      expect(() => readConfig({ REDIS_URL: url })).toThrow('REDIS_URL: expected');
    }
    expect(addressOf({ REDIS_URL: 'redis://a/2' })).toBe('redis://a/2');
    for (const master of ['redis://', 'http://shop', 'redis://shop/orders', 'two words']) {
      expect(() => readConfig({ REDIS_SENTINEL_MASTER: master })).toThrow('REDIS_SENTINEL_MASTER: expected');
    }
  });
});

describe('in production', () => {
  const SECRET = randomBytes(32).toString('hex');
  const refusedName = (environment: Record<string, string>) => {
    try {
      readConfig({ NODE_ENV: 'production', WEBHOOK_SECRET: SECRET, ...environment });
      return 'nothing';
    } catch (error) {
      const [, name = '', rest = ''] = /\n {2}(\w+): (.*)/.exec(String(error)) ?? [];
      expect(rest).toContain('got a value that is not shown');
      return name;
    }
  };

  test('secrets that documents print, or that nobody made at random, are refused', () => {
    const guessable = [
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      `whsec_${Buffer.alloc(32).toString('base64')}`,
      'x'.repeat(40),
      '0123'.repeat(10),
      'please-change-me-please-change-me-please',
      'your-webhook-secret-goes-here-and-nowhere',
    ];
    for (const secret of guessable) {
      for (const name of ['WEBHOOK_SECRET', 'STRIPE_WEBHOOK_SECRET', 'OPERATOR_TOKEN']) {
        expect([secret, refusedName({ [name]: secret })]).toEqual([secret, name]);
      }
      expect(refusedName({ WEBHOOK_SECRET: `${SECRET},${secret}` })).toBe('WEBHOOK_SECRET');
      // While somebody tries it out they are as good as any.
      expect(readConfig({ OPERATOR_TOKEN: secret }).OPERATOR_TOKEN).toBe(secret);
    }
    expect(refusedName({ OPERATOR_TOKEN: SECRET, STRIPE_WEBHOOK_SECRET: `whsec_${SECRET}` })).toBe('nothing');
  });

  test('a store on another machine needs a password that is not a well-known one', () => {
    for (const access of [
      '',
      'root@',
      'root:@',
      'root:root@',
      ':redis@',
      'shop:Password@',
      'shop:123456@',
      'shop:shop@',
    ]) {
      for (const [name, scheme] of [
        ['REDIS_URL', 'redis'],
        ['REDIS_CLUSTER_NODES', 'rediss'],
        ['REDIS_SENTINELS', 'redis'],
        ['DATABASE_URL', 'mysql'],
      ] as const) {
        const environment = { [name]: `${scheme}://${access}db.shop/` };
        expect([access, refusedName(environment)]).toEqual([access, name]);
        expect(readConfig(environment)).toBeDefined();
      }
    }
    for (const address of [
      `mysql://shop:${SECRET}@db/shop`,
      'mysql://root@localhost/shop?socketPath=/run/db',
    ]) {
      expect(refusedName({ DATABASE_URL: address })).toBe('nothing');
    }
    for (const address of [
      `redis://:${SECRET}@db`,
      'redis://127.0.0.1:6379',
      'redis://[::1]',
      'unix:///run/redis',
    ]) {
      expect(refusedName({ REDIS_URL: address })).toBe('nothing');
    }
  });

  test("a Sentinel's master needs one, wherever it is", () => {
    const sentinels = { REDIS_SENTINELS: 'redis://127.0.0.1:26379' };
    for (const master of [
      'flash-sale',
      'redis://localhost',
      'redis://shop:shop@shop',
      'redis://:redis@shop',
    ]) {
      expect([master, refusedName({ ...sentinels, REDIS_SENTINEL_MASTER: master })]).toEqual([
        master,
        'REDIS_SENTINEL_MASTER',
      ]);
    }
    expect(() => readConfig({ NODE_ENV: 'production', WEBHOOK_SECRET: SECRET, ...sentinels })).toThrow(
      /REDIS_SENTINEL_MASTER: .* with a password of its own; without it/,
    );
    expect(() =>
      readConfig({ NODE_ENV: 'production', WEBHOOK_SECRET: SECRET, REDIS_SENTINELS_FILE: '/nowhere' }),
    ).toThrow('REDIS_SENTINEL_MASTER: ');
    const master = `redis://shop:${SECRET}@shop`;
    expect(refusedName({ ...sentinels, REDIS_SENTINEL_MASTER: master })).toBe('nothing');
    expect(refusedName({ REDIS_SENTINEL_MASTER: 'flash-sale' })).toBe('nothing');
  });
});
