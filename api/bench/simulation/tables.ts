/** The tables of SCALING.md, from what was recorded. */

import { HOLD_BATCH_MAX, ORDER_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { API } from '../contests/holds.ts';
import { ASSUMED, COSTS } from './costs.ts';
import { mediansOf, medians, readBench, readCurve, readSimulated, type Run } from './recorded.ts';

type Cells = readonly string[];

const table = (head: Cells, rows: readonly Cells[]): string =>
  [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const whole = (value: number): string => value.toFixed(0).replaceAll(/\B(?=(\d{3})+$)/g, ',');
const tenths = (value: number): string => value.toFixed(1);
const ms = (value: number): string => (value < 100 ? tenths(value) : whole(value));

const MEASURED: readonly (readonly [what: string, contest: string, contender: string])[] = [
  ['a hold, 64 connections', 'holds, 64 connections', API],
  ['a hold, 1,000 connections', 'holds, 1000 connections', API],
  ['a refusal (sold out), 1,000 connections', 'holds, 1000 connections', 'API, sold out'],
  ['a product page, 1,000 connections', 'a product, 1000 connections', API],
  ['an order, 64 clients', 'orders, 64 clients', API],
  [
    'the SQL transaction of an order alone, 64 connections',
    'orders, 64 clients',
    '(c) plain SQL transaction',
  ],
  ['a signed webhook, 64 clients', 'webhooks of payments, signed, 64 clients', API],
];

function measured(): string {
  const bench = readBench();
  const rows = MEASURED.map(([what, contest, contender]) => {
    const { perSecond, p50Ms, p99Ms, serverUs, redisUs, sqlUs } = mediansOf(bench, contest, contender);
    const cpu = [serverUs, redisUs, sqlUs].map(tenths);
    return [what, whole(perSecond), tenths(p50Ms), tenths(p99Ms), ...cpu];
  });
  return table(['measured', 'per second', 'p50 ms', 'p99 ms', 'API µs', 'Redis µs', 'SQL µs'], rows);
}

/** What one of each carries when it does nothing else. */
function limits(): string {
  const bench = readBench();
  const crowd = mediansOf(bench, 'holds, 1000 connections', API);
  const webhook = mediansOf(bench, 'webhooks of payments, signed, 64 clients', API);
  const call = (batch: number, each: number) => whole(1e6 / (COSTS.redisCallUs / batch + each));
  return table(
    ['computed: one of them carries', 'per second'],
    [
      ['API process: holds of a crowd', whole(1e6 / crowd.serverUs)],
      ['API process: orders', whole(1e6 / COSTS.processOrderUs)],
      ['API process: signed webhooks', whole(1e6 / webhook.serverUs)],
      ['shard: holds, one in a call', call(1, COSTS.redisHoldUs)],
      ['shard: holds, 8 in a call', call(8, COSTS.redisHoldUs)],
      ['shard: holds, 128 in a call', call(HOLD_BATCH_MAX, COSTS.redisHoldUs)],
      ['shard: refusals (sold out), 128 in a call', call(HOLD_BATCH_MAX, COSTS.redisRefusedUs)],
      ['shard: orders', whole(1e6 / COSTS.redisOrderUs)],
      ['core of SQL: orders', whole(1e6 / COSTS.sqlOrderUs)],
      ["a sale's row in SQL: orders, one in a transaction", whole(1e6 / ASSUMED.rowUs)],
      ["a sale's row in SQL: orders, 64 in a transaction", whole((ORDER_BATCH_MAX * 1e6) / ASSUMED.rowUs)],
      [
        'and with a semi-synchronous replica',
        whole((ORDER_BATCH_MAX * 1e6) / (ASSUMED.rowUs + ASSUMED.replicaUs)),
      ],
    ],
  );
}

function sales(): string {
  const rows = readCurve('sales').figures.flatMap(({ name, rows: of }) =>
    of.map(({ at, rounds }) => {
      const { perSecond, p99Ms, serverUs, redisUs } = medians(rounds);
      const connections = name.replace(`${API}, `, '').replace('1000', '1,000');
      return [connections, whole(at), whole(perSecond), tenths(p99Ms), tenths(serverUs), tenths(redisUs)];
    }),
  );
  return table(['measured', 'sales', 'holds per second', 'p99 ms', 'API µs', 'Redis µs'], rows);
}

function living(): string {
  const { panels } = readCurve('holds');
  const pointsOf = (title: string, name: string) =>
    new Map(
      panels.find((panel) => panel.title === title)?.curves.find((curve) => curve.name === name)?.points,
    );
  const names = ['anonymous buyers', 'named buyers with idempotency keys'];
  const rows = names.flatMap((name) => {
    const rebuilds = pointsOf('Rebuild of the sale', name);
    return [...pointsOf('Memory of Redis', name)].map(([holds, bytes]) => {
      const rebuild = rebuilds.get(holds);
      return [name, whole(holds), whole(bytes), rebuild === undefined ? 'given up' : whole(rebuild)];
    });
  });
  return table(['measured', 'living holds', 'bytes of Redis per hold', 'ms of a rebuild'], rows);
}

function costs(): string {
  const rows = [
    ['API: a call to Redis, and the turn of the event loop that makes it', COSTS.processCallUs, 'measured'],
    ['API: a request for a hold', COSTS.processRequestUs, 'measured'],
    ['Redis: a call of `place_holds`', COSTS.redisCallUs, 'measured'],
    ['Redis: and each hold in it', COSTS.redisHoldUs, 'measured'],
    ['Redis: or each refusal', COSTS.redisRefusedUs, 'measured'],
    ['API: an order', COSTS.processOrderUs, 'measured'],
    ['Redis: an order', COSTS.redisOrderUs, 'measured'],
    ['SQL: an order', COSTS.sqlOrderUs, 'measured'],
    ['the wire, one way, proxy included', ASSUMED.wireUs, 'assumed'],
    ["a transaction keeps the sale's row for a flush", ASSUMED.rowUs, 'assumed'],
    ['a process stands still, on average', ASSUMED.stallUs, 'assumed: fits the tails of bare Elysia'],
    ['and does so every', ASSUMED.stallEveryUs, 'assumed'],
  ] as const;
  return table(
    ['cost', 'µs', 'from'],
    rows.map(([what, us, from]) => [what, us < 1_000 ? tenths(us) : whole(us), from]),
  );
}

function check(): string {
  const bench = readBench();
  const rows = readSimulated().check.map((simulated) => {
    const { connections } = simulated;
    const real = mediansOf(bench, `holds, ${connections} connections`, API);
    return [
      whole(connections),
      whole(real.perSecond),
      whole(simulated.perSecond),
      tenths(real.p50Ms),
      tenths(simulated.p50Ms),
      tenths(real.p99Ms),
      tenths(simulated.p99Ms),
    ];
  });
  const head = ['connections', 'measured per second', 'simulated', 'measured p50 ms', 'simulated'];
  return table([...head, 'measured p99 ms', 'simulated'], rows);
}

function sizes(): string {
  const rows = readSimulated().sizes.map(({ terms, outcome }) => [
    whole(terms.buyers),
    whole(terms.processes),
    terms.callsAtOnce === null ? 'any' : whole(terms.callsAtOnce),
    ...answersOf(outcome),
    outcome.shardS.toFixed(2),
    whole((terms.buyers + outcome.turnedAway + outcome.timedOut) / outcome.calls),
    ms(outcome.orderP99Ms),
  ]);
  const head = [
    'buyers',
    'processes',
    'calls at once',
    ...ANSWERS,
    'work of the shard s',
    'requests per call',
  ];
  return table([...head, 'orders: p99 ms'], rows);
}

const ANSWERS = ['p50 ms', 'p99 ms', 'last answer s', 'told to come again', 'timed out'];

function answersOf({ p50Ms, p99Ms, lastMs, turnedAway, timedOut }: Run['outcome']): string[] {
  return [ms(p50Ms), ms(p99Ms), tenths(lastMs / 1_000), whole(turnedAway), whole(timedOut)];
}

function hot(): string {
  const rows = readSimulated().hot.map(({ terms, outcome }) => [
    whole(terms.units),
    whole(terms.parts),
    terms.soldOutKnownUs === 0 ? 'no' : `${whole(terms.soldOutKnownUs / 1_000)} ms`,
    ...answersOf(outcome),
    outcome.shardS.toFixed(2),
    ms(outcome.orderP99Ms),
  ]);
  return table(
    ['units', 'parts', 'sold out is remembered', ...ANSWERS, 'work of the busiest shard s', 'orders: p99 ms'],
    rows,
  );
}

const TABLES = { measured, limits, sales, living, costs, check, sizes, hot };

/** The page with its tables as they are now. @throws when one of them has no place in it */
export function withTables(page: string): string {
  return Object.entries(TABLES).reduce((text, [name, make]) => {
    const place = new RegExp(`(<!-- table: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
    if (!place.test(text)) throw new Error(`SCALING.md has no place for the table "${name}"`);
    return text.replace(place, (_, begin: string, end: string) => `${begin}\n${make()}\n\n${end}`);
  }, page);
}
