import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import { operators } from '@flash-sale/drizzle/schema.ts';
import { TOKEN_USE_NOTED_EVERY_MS } from '@flash-sale/shared/limits.ts';
import { statement, transaction } from '../mysql/transaction.ts';
import { ops } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';
import { findOperator } from './operators.ts';
import { tokenUses } from './token-use.ts';

let world: World;
/** Whoever is noted after somebody else's use shows that this use was not noted. */
let name: string;
let token: string;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  [name, token] = await operator();
});

async function operator(): Promise<[name: string, token: string]> {
  const fresh = `o${crypto.randomUUID().slice(0, 8)}`;
  const body = { name: fresh, role: 'viewer' };
  const added = await ops<{ token: string }>(world, 'POST', '/ops/operators', body);
  return [fresh, added.body.data.token];
}

const askAs = async (by: string, path = '/ops/me') =>
  (await ops(world, 'GET', path, undefined, { authorization: `Bearer ${by}` })).status;

async function lastUse(of: string): Promise<string | null> {
  const listed = await ops<{ name: string; last_used_at: string | null }[]>(world, 'GET', '/ops/operators');
  const found = listed.body.data.find((one) => one.name === of);
  if (found === undefined) throw new Error(`${of} is not listed`);
  return found.last_used_at;
}

const forget = (of: string) =>
  statement(world.services.mysql, (sql) =>
    sql.update(operators).set({ lastUsedAt: null }).where(eq(operators.name, of)),
  );

/** Uses a token for the first time, and waits for the note: what was to be noted before has been. */
async function noteAnother(): Promise<void> {
  const [marker, markersToken] = await operator();
  expect(await askAs(markersToken)).toBe(200);
  await until(() => lastUse(marker));
}

test('the last use of a token is noted and listed, and that of one that nobody used is null', async () => {
  const [unused] = await operator();
  const before = Date.now();
  expect(await askAs(token)).toBe(200);
  const at = await until(() => lastUse(name));
  expect(Date.parse(at)).toBeWithin(before, Date.now() + 1);
  expect(await lastUse(unused)).toBeNull();
});

test('a request that the role may not make is a use of the token too', async () => {
  expect(await askAs(token, '/ops/operators')).toBe(403);
  await until(() => lastUse(name));
});

test('many requests are one note', async () => {
  await askAs(token);
  await until(() => lastUse(name));
  await forget(name);
  const statuses = await Promise.all(Array.from({ length: 30 }, () => askAs(token)));
  expect(new Set(statuses)).toEqual(new Set([200]));
  await noteAnother();
  expect(await lastUse(name)).toBeNull();
});

test('a use is noted again after a minute, and by each process by itself', async () => {
  const { services } = world;
  const found = await findOperator(services, token);
  if (found === null) throw new Error('the token is unknown');
  let nowMs = 0;
  const note = tokenUses(services, () => nowMs);
  const another = tokenUses(services, () => nowMs);
  for (const uses of [
    () => note(found),
    () => another(found),
    () => {
      nowMs += TOKEN_USE_NOTED_EVERY_MS;
      note(found);
    },
  ]) {
    uses();
    await until(() => lastUse(name));
    await forget(name);
  }
  nowMs += TOKEN_USE_NOTED_EVERY_MS - 1;
  note(found);
  await noteAnother();
  expect(await lastUse(name)).toBeNull();
});

test('a request is answered while SQL cannot write the note, which is written once it can', async () => {
  const { mysql } = world.services;
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isTaken, resolve: taken } = Promise.withResolvers<void>();
  const holding = transaction(mysql, async (sql) => {
    await sql.select().from(operators).where(eq(operators.name, name)).for('update');
    taken();
    await mayEnd;
  });
  await isTaken;
  expect(await askAs(token)).toBe(200);
  const waiting = raw`SELECT 1 FROM information_schema.processlist
    WHERE db = DATABASE() AND info LIKE 'update _operators_%'`;
  await until(async () => {
    const [rows] = await statement(mysql, (sql) => sql.execute(waiting));
    return Array.isArray(rows) && rows.length > 0;
  });
  expect(await askAs(token)).toBe(200);
  expect(await lastUse(name)).toBeNull();
  end();
  await holding;
  await until(() => lastUse(name));
});

test('a note that is lost is nothing but lost', async () => {
  const found = await findOperator(world.services, token);
  if (found === null) throw new Error('the token is unknown');
  const ended = await world.another();
  await ended.close();
  tokenUses(ended)(found);
  await noteAnother();
  expect(await lastUse(name)).toBeNull();
});

test('a token that was revoked or has expired is not used by whoever tries it', async () => {
  const [expired, expiredToken] = await operator();
  await ops(world, 'POST', `/ops/operators/${name}/revoke`);
  await statement(world.services.mysql, (sql) =>
    sql
      .update(operators)
      .set({ expiresAt: raw`utc_timestamp(3)` })
      .where(eq(operators.name, expired)),
  );
  expect([await askAs(token), await askAs(expiredToken)]).toEqual([401, 401]);
  await noteAnother();
  expect([await lastUse(name), await lastUse(expired)]).toEqual([null, null]);
});

test('a stream is a use when it begins, not when it ends', async () => {
  const leaving = new AbortController();
  const stream = await fetch(new URL('/ops/events', world.listening.opsUrl), {
    headers: { authorization: `Bearer ${token}` },
    signal: leaving.signal,
  });
  expect(stream.status).toBe(200);
  await until(() => lastUse(name));
  leaving.abort();
});
