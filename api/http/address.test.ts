import { describe, expect, test } from 'bun:test';
import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import { readConfig } from '../config.ts';
import { addressOf } from './address.ts';

function from(peer: string | null, forwarded: string | null, proxies = ''): string | null {
  const headers = forwarded === null ? {} : { 'x-forwarded-for': forwarded };
  const request = new Request('http://localhost/', { headers });
  const server = { requestIP: () => (peer === null ? null : { address: peer }) };
  return addressOf(request, server, readConfig({ TRUSTED_PROXIES: proxies }).TRUSTED_PROXIES);
}

describe('the address of a request', () => {
  test('is that of the connection, whatever the sender says', () => {
    expect(from('203.0.113.7', null)).toBe('203.0.113.7');
    expect(from('203.0.113.7', '198.51.100.1')).toBe('203.0.113.7');
    expect(from('203.0.113.7', '198.51.100.1', '10.0.0.0/8')).toBe('203.0.113.7');
    expect(from(null, '198.51.100.1')).toBeNull();
  });

  test('behind a proxy that we trust is the last one that is not trusted itself', () => {
    const proxies = '10.0.0.0/8,192.0.2.1';
    expect(from('10.1.2.3', '203.0.113.7', proxies)).toBe('203.0.113.7');
    expect(from('10.1.2.3', 'made up, 198.51.100.1, 203.0.113.7', proxies)).toBe('203.0.113.7');
    expect(from('10.1.2.3', '198.51.100.1, 203.0.113.7, 192.0.2.1, 10.9.9.9', proxies)).toBe('203.0.113.7');
    expect(from('192.0.2.2', '203.0.113.7', proxies)).toBe('192.0.2.2');
    expect(from('10.1.2.3', null, proxies)).toBe('10.1.2.3');
    expect(from('10.1.2.3', '10.0.0.1, 10.0.0.2', proxies)).toBe('10.0.0.1');
    // The proxy itself did not know.
    expect(from('10.1.2.3', '203.0.113.7, unknown', proxies)).toBe('10.1.2.3');
    expect(from('10.1.2.3', '203.0.113.7, unknown, 10.0.0.2', proxies)).toBe('10.0.0.2');
  });

  test('is read in each of the forms in which it is written', () => {
    expect(from('10.1.2.3', '203.0.113.7:4711', '10.1.2.3')).toBe('203.0.113.7');
    expect(from('10.1.2.3', '[2001:db8::1]:4711', '10.1.2.3')).toBe('2001:db8:0:0::/64');
    expect(from('10.1.2.3', '[2001:db8::1]', '10.1.2.3')).toBe('2001:db8:0:0::/64');
    expect(from('::ffff:203.0.113.7', null)).toBe('203.0.113.7');
    expect(from('::ffff:10.1.2.3', '203.0.113.7', '10.0.0.0/8')).toBe('203.0.113.7');
  });

  test('of IPv6 is its network, because one sender has all of that', () => {
    const ofOneSender = [
      '2001:db8:1:2::',
      '2001:DB8:1:2:3:4:5:6',
      '2001:0db8:0001:0002::ffff',
      '2001:db8:1:2:a::1',
    ];
    expect(new Set(ofOneSender.map((address) => from(address, null)))).toEqual(
      new Set(['2001:db8:1:2::/64']),
    );
    expect(from('2001:db8:1:3::1', null)).toBe('2001:db8:1:3::/64');
    expect(from('::1', null)).toBe('0:0:0:0::/64');
    expect(from('64:ff9b::203.0.113.7', null)).toBe('64:ff9b:0:0::/64');
    expect(from('1::2:3:4:5:6', null)).toBe('1:0:0:2::/64');
    expect(from('fe80::1%eth0', null)).toBe('fe80:0:0:0::/64');
    expect(from('fd00::1', '2001:db8::9', 'fd00::/8')).toBe('2001:db8:0:0::/64');
  });
});

describe('TRUSTED_PROXIES', () => {
  test('is a list of addresses and networks', () => {
    for (const right of ['', '10.0.0.1', ' 10.0.0.0/8 , fd00::/8 ', '0.0.0.0/0']) {
      expect(() => readConfig({ TRUSTED_PROXIES: right })).not.toThrow();
    }
    for (const wrong of [
      'proxy',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0',
      '10.0.0.1,,',
      'fd00::/129',
      '10.0.0.0/-1',
    ]) {
      expect([wrong, faultOf(wrong)]).toEqual([wrong, EnvironmentError.name]);
    }
  });
});

function faultOf(proxies: string): string {
  try {
    readConfig({ TRUSTED_PROXIES: proxies });
    return 'none';
  } catch (error) {
    return (error as Error).name;
  }
}
