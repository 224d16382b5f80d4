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

  test('is refused when it can not be meant, and no password is printed', () => {
    for (const nodes of [
      'a:7000',
      'http://a:7000',
      'redis://:secret@a,redis://b',
      'redis://:secret@a,rediss://:secret@b',
      'redis://:secret@a,',
      'unix:///run/redis.sock',
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
    for (const master of ['redis://', 'http://shop', 'redis://shop/orders', 'two words']) {
      expect(() => readConfig({ REDIS_SENTINEL_MASTER: master })).toThrow('REDIS_SENTINEL_MASTER: expected');
    }
  });
});
