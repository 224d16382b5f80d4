import { describe, expect, test } from 'bun:test';
import { EnvironmentError, oneOf, parseEnvironment, port, text, url, type Variable } from './environment.ts';

const secret: Variable<string> = {
  expected: 'six letters',
  fallback: '',
  secret: true,
  parse: (value) => (/^[a-z]{6}$/.test(value) ? value : undefined),
};

const TABLE = {
  PORT: port(8_000),
  MODE: oneOf(['fast', 'safe'], 'safe'),
  NAME: text('shop'),
  STORE: url(['redis', 'unix']),
  SECRET: secret,
};

function messageOf(environment: Record<string, string>): string {
  try {
    parseEnvironment(TABLE, environment);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message;
  }
  return 'no fault';
}

describe('the environment', () => {
  test('that is unset or empty gives the fallbacks, frozen', () => {
    const fallbacks = { PORT: 8_000, MODE: 'safe' as const, NAME: 'shop', STORE: null, SECRET: '' };
    expect(parseEnvironment(TABLE, {})).toEqual(fallbacks);
    expect(parseEnvironment(TABLE, { PORT: '', MODE: '', STORE: '', UNKNOWN: 'x' })).toEqual(fallbacks);
    expect(Object.isFrozen(parseEnvironment(TABLE, {}))).toBe(true);
  });

  test('is read as what it says', () => {
    const environment = {
      PORT: '0',
      MODE: 'fast',
      NAME: ' a b ',
      STORE: 'unix:///tmp/a.sock',
      SECRET: 'abcdef',
    };
    expect(parseEnvironment(TABLE, environment)).toEqual({ ...environment, PORT: 0, MODE: 'fast' });
  });

  test('has no port that is not one', () => {
    for (const value of ['-1', '65536', '80 ', '8e3', '0x50', '1.5', 'http', '999999']) {
      expect(messageOf({ PORT: value })).toBe(
        `The environment is not usable:\n  PORT: expected a port, 0 (any free one) to 65535, got ${JSON.stringify(value)}`,
      );
    }
  });

  test('has no word and no URL that is not listed', () => {
    expect(messageOf({ MODE: 'FAST' })).toContain('MODE: expected one of fast, safe, got "FAST"');
    for (const value of ['localhost:6379', 'http://localhost', '//a', 'redis']) {
      expect(messageOf({ STORE: value })).toContain(
        'STORE: expected a URL that starts with redis:// or unix://',
      );
    }
  });

  test('is refused with every fault in one message', () => {
    const message = messageOf({ PORT: 'x', MODE: 'x', STORE: 'x', SECRET: 'x' });
    expect(message.split('\n').map((line) => line.trim().split(':')[0])).toEqual([
      'The environment is not usable',
      'PORT',
      'MODE',
      'STORE',
      'SECRET',
    ]);
  });

  test('is never told with its secrets: passwords in URLs are some', () => {
    const message = messageOf({ SECRET: 'hunter2', STORE: 'http://root:hunter2@store' });
    expect(message).toContain('SECRET: expected six letters, got a value that is not shown');
    expect(message).not.toContain('hunter2');
  });

  test('is refused without what is required, and says why', () => {
    const table = { ...TABLE, NAME: { ...text(''), required: 'a shop has a name' } };
    expect(() => parseEnvironment(table, { NAME: '' })).toThrow('NAME: expected text; a shop has a name');
    expect(parseEnvironment(table, { NAME: 'b' }).NAME).toBe('b');
  });
});

describe('a secret in a file', () => {
  const FILES: Record<string, string> = {
    '/run/secret': 'abcdef\n',
    '/run/store': 'redis://:hunter2@store\n',
    '/run/wrong': 'hunter2\n',
    '/run/empty': '\n',
  };
  const readFile = (path: string): string => {
    const text = FILES[path];
    if (text === undefined) throw new Error('no such file');
    return text;
  };
  const read = (environment: Record<string, string>) => parseEnvironment(TABLE, environment, readFile);

  test('is read without the end of its last line; an empty name of a file is none', () => {
    const values = read({ SECRET_FILE: '/run/secret', STORE_FILE: '/run/store' });
    expect(values).toMatchObject({ SECRET: 'abcdef', STORE: 'redis://:hunter2@store' });
    expect(read({ SECRET_FILE: '', SECRET: 'ghijkl' }).SECRET).toBe('ghijkl');
    expect(read({ SECRET_FILE: '/run/secret', SECRET: '' }).SECRET).toBe('abcdef');
  });

  test('fulfils what is required', () => {
    const table = { SECRET: { ...secret, required: 'nobody may guess' } };
    expect(parseEnvironment(table, { SECRET_FILE: '/run/secret' }, readFile).SECRET).toBe('abcdef');
  });

  test('is refused beside the variable itself, and both are named', () => {
    expect(() => read({ SECRET: 'abcdef', SECRET_FILE: '/run/secret' })).toThrow(
      'SECRET and SECRET_FILE are both set: unset one',
    );
  });

  test('is refused when the file cannot be read, is empty or holds something else, all in one message', () => {
    expect(() => read({ SECRET_FILE: '/run/none', STORE_FILE: '/run/wrong' })).toThrow(
      [
        'The environment is not usable:',
        '  STORE_FILE: expected a URL that starts with redis:// or unix:// in /run/wrong, got a value that is not shown',
        '  SECRET_FILE: /run/none cannot be read: no such file',
      ].join('\n'),
    );
    expect(() => read({ SECRET_FILE: '/run/empty' })).toThrow(
      'SECRET_FILE: expected six letters in /run/empty',
    );
  });

  test('is not looked for where nothing else is secret, or where files are not read', () => {
    expect(read({ NAME_FILE: '/run/none' }).NAME).toBe('shop');
    expect(parseEnvironment(TABLE, { SECRET_FILE: '/run/none' }).SECRET).toBe('');
  });
});
