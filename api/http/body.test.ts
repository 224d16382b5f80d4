import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { BODY_BYTES_MAX } from '@flash-sale/shared/limits.ts';
import { send } from '../test/client.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const CALLS = ['/api/holds', '/api/orders', '/api/webhook/payment-success', '/api/webhook/payment-failed'];

/** Sends a body in chunks: nobody says how long it is. It has no content type unless it is given one. */
async function stream(path: string, text: string, headers: Record<string, string> = {}) {
  const body = new Blob([text]).stream();
  const response = await fetch(new URL(path, world.listening.url), { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('a body that is not JSON is refused by every call', () => {
  const NOT_JSON = 'The body is not valid JSON.';
  const MALFORMED: [string, string, string][] = [
    ['empty', '', 'The body is empty; expected a JSON object.'],
    ['of spaces', '   ', NOT_JSON],
    ['cut off', '{"product_id": 1, "quant', NOT_JSON],
    ['with a trailing comma', '{"product_id": 1,}', NOT_JSON],
    ['with a comment', '{"product_id": 1 /* one */}', NOT_JSON],
    ['in single quotes', "{'product_id': 1}", NOT_JSON],
    ['with NaN', '{"product_id": NaN}', NOT_JSON],
    ['of two documents', '{}{}', NOT_JSON],
    ['of a NUL byte', '\0', NOT_JSON],
  ];
  test.each(MALFORMED)('%s', async (_, text, message) => {
    for (const path of CALLS) {
      const refused = { status: 400, body: { status: 'error', code: 'bad_request', message } };
      expect(await send(world, 'POST', path, text)).toMatchObject(refused);
    }
  });

  test('an object is asked for', async () => {
    for (const path of CALLS) {
      for (const text of ['null', 'true', '5', '"text"', '[]', '[{"product_id":1,"quantity":1}]']) {
        const { status, body } = await send(world, 'POST', path, text);
        expect([status, body.errors]).toEqual([400, { body: ['must be a JSON object'] }]);
      }
    }
  });
});

describe('the content type of a body', () => {
  test('is JSON, and nothing that only looks like it', async () => {
    for (const type of [
      'text/plain',
      'application/jsonx',
      'application/json-patch+json',
      'multipart/form-data',
    ]) {
      for (const path of CALLS) {
        const { status, body } = await send(world, 'POST', path, '{}', { 'content-type': type });
        expect([status, body.code]).toEqual([415, 'unsupported_media_type']);
        expect(body.message).toContain(type);
      }
    }
  });

  test('is asked for when it is missing', async () => {
    const refused = { status: 415, body: { code: 'unsupported_media_type' } };
    for (const path of CALLS) expect(await stream(path, '{}')).toMatchObject(refused);
  });

  test('may name a charset, in any case', async () => {
    const { productId } = await world.sale();
    const type = { 'content-type': 'Application/JSON; charset=utf-8' };
    const { status } = await send(world, 'POST', '/api/holds', { product_id: productId, quantity: 1 }, type);
    expect(status).toBe(201);
  });
});

describe('the size of a body', () => {
  const JSON_TYPE = { 'content-type': 'application/json' };

  test('is bounded in bytes, whether or not the caller says it', async () => {
    const refused = { status: 413, body: { status: 'error', code: 'body_too_large' } };
    for (const text of [`"${'x'.repeat(70_000)}"`, `"${'é'.repeat(35_000)}"`]) {
      for (const path of CALLS) {
        expect(await send(world, 'POST', path, text)).toMatchObject(refused);
        expect(await stream(path, text, JSON_TYPE)).toMatchObject(refused);
      }
    }
  });

  test('may reach the bound', async () => {
    const { productId } = await world.sale();
    const text = JSON.stringify({ product_id: productId, quantity: 1 }).padEnd(BODY_BYTES_MAX);
    expect((await send(world, 'POST', '/api/holds', text)).status).toBe(201);
    expect((await stream('/api/holds', text, JSON_TYPE)).status).toBe(201);
    expect((await stream('/api/holds', `${text} `, JSON_TYPE)).status).toBe(413);
  });
});

describe('a body that was made to hurt', () => {
  test('is refused at once when it is nested deeply', async () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    const texts = [deep, `{"product_id":${deep}}`, `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`];
    for (const path of CALLS) {
      const startedAt = performance.now();
      for (const text of texts) {
        const { status, body } = await send(world, 'POST', path, text);
        expect([status, body.code]).toEqual([400, 'bad_request']);
        expect(body.message).toContain('nested');
      }
      // It took seconds of the whole process once: a handful of such requests would have stopped a sale.
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
  });

  test('gets a short answer when it has thousands of unknown fields', async () => {
    const wide = `{${Array.from({ length: 6_000 }, (_, index) => `"a${index}":1`).join(',')}}`;
    for (const path of CALLS) {
      const { status, body } = await send(world, 'POST', path, wide);
      expect([status, body.code]).toEqual([400, 'bad_request']);
      expect(JSON.stringify(body).length).toBeLessThan(2_000);
    }
  });

  test('is refused, and pollutes nothing, when its keys mean something to JavaScript', async () => {
    const { productId } = await world.sale();
    const fields = `"product_id":${productId},"quantity":1`;
    for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const { status, body } = await send(
        world,
        'POST',
        '/api/holds',
        `{${fields},"${key}":{"isAdmin":true}}`,
      );
      expect([status, body.code]).toEqual([400, 'bad_request']);
      expect(Object.entries(body.errors ?? {})).toEqual([[key, ['is not a known field']]]);
    }
    expect({}).not.toHaveProperty('isAdmin');
  });

  test('is refused when a number is none that we can count with', async () => {
    for (const number of ['1e400', '-1e400', '9'.repeat(400), '1e-400', '9007199254740993', '0.1e1000']) {
      const { status, body } = await send(
        world,
        'POST',
        '/api/holds',
        `{"product_id":${number},"quantity":1}`,
      );
      expect([status, body.errors]).toEqual([
        400,
        { product_id: ['must be an integer from 1 to 4294967295'] },
      ]);
    }
  });
});
