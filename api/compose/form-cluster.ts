/**
 * Makes a Redis Cluster of the nodes of a docker compose installation: the first half are masters with equal parts of the
 * slots, the others their replicas. It looks at what there is and does only what is missing, until nothing is. So it may
 * be run again whenever, whatever ended it before and whichever master was replaced since.
 */

import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';

const SLOTS = 16_384;
const LOOK_AGAIN_MS = 200;
const WITHIN_MS = 60_000;

interface Node {
  readonly url: URL;
  readonly client: Redis;
}

/** A node, and what it believes of the others. */
interface View {
  readonly node: Node;
  readonly id: string;
  readonly isMaster: boolean;
  readonly known: ReadonlySet<string>;
  readonly slots: readonly number[];
  /** Those that some node has, in its eyes. */
  readonly taken: readonly number[];
  readonly masterId: string;
  /** What it still waits for; empty when it serves. */
  readonly waitsFor: string;
}

/** @throws with what is missing, when it is not all there in time */
export async function formCluster(urls: readonly string[], withinMs = WITHIN_MS): Promise<void> {
  const nodes = urls.map((url) => {
    const client = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => LOOK_AGAIN_MS });
    // Without a listener it would be printed; the command that failed says it.
    client.on('error', () => {});
    return { url: new URL(url), client };
  });
  const endsAtMs = performance.now() + withinMs;
  try {
    for (;;) {
      const missing = await takeStep(nodes).catch(messageOf);
      if (missing === '') return;
      if (performance.now() > endsAtMs) throw new Error(`The cluster is not complete: ${missing}`);
      await Bun.sleep(LOOK_AGAIN_MS);
    }
  } finally {
    for (const { client } of nodes) client.disconnect();
  }
}

/** @returns what was missing; empty when nothing was */
async function takeStep(nodes: readonly Node[]): Promise<string> {
  const views = await Promise.all(
    nodes.map((node) =>
      look(node).catch((error: unknown) => {
        throw new Error(`${node.url.host} does not answer: ${messageOf(error)}`);
      }),
    ),
  );
  for (const step of [introduce, giveSlots, followMasters]) {
    const missing = await step(views);
    if (missing !== '') return missing;
  }
  return views.map(({ waitsFor }) => waitsFor).find((words) => words !== '') ?? '';
}

async function look(node: Node): Promise<View> {
  const { client, url } = node;
  const [id, table, info, replication] = await Promise.all([
    client.call('CLUSTER', 'MYID').then(String),
    client.call('CLUSTER', 'NODES').then(String),
    client.call('CLUSTER', 'INFO').then(String),
    client.info('replication'),
  ]);
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const own = rows.find(([of]) => of === id) ?? [];
  const [, , flags = '', masterId = ''] = own;
  const isServing = info.includes('cluster_state:ok') && info.includes(`cluster_slots_ok:${SLOTS}`);
  const isFollowing = replication.includes('role:master') || replication.includes('master_link_status:up');
  return {
    node,
    id,
    isMaster: flags.includes('master'),
    known: new Set(rows.filter(([, , of = '']) => !of.includes('handshake')).map(([of = '']) => of)),
    slots: slotsIn(own),
    taken: rows.flatMap(slotsIn),
    masterId,
    waitsFor:
      isServing && isFollowing ? '' : `${url.host} ${isServing ? 'copies its master' : 'looks for shards'}`,
  };
}

/** The end of a line of CLUSTER NODES: `0-5460 9000`, and in brackets what is just being moved. */
function slotsIn(row: readonly string[]): number[] {
  const ranges = row.slice(8).filter((range) => !range.startsWith('['));
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

async function introduce(views: readonly View[]): Promise<string> {
  const [first, ...others] = views;
  if (first === undefined) return '';
  const strangers = others.filter(({ id, known }) => !first.known.has(id) || !known.has(first.id));
  for (const { node } of strangers) {
    const { address } = await lookup(node.url.hostname);
    const port = Number(node.url.port || 6_379);
    const busPort = Number((await node.client.config('GET', 'cluster-port'))[1]) || port + 10_000;
    await first.node.client.call('CLUSTER', 'MEET', address, port, busPort);
  }
  return strangers.map(({ node }) => `${node.url.host} is not known yet`).join(', ');
}

/** Only those that nobody has: after a failover the others are where they have to be. */
async function giveSlots(views: readonly View[]): Promise<string> {
  const taken = new Set(views.flatMap((view) => view.taken));
  const free = Array.from({ length: SLOTS }, (_, slot) => slot).filter((slot) => !taken.has(slot));
  if (free.length === 0) return '';
  const shards = views.slice(0, views.length / 2);
  for (const [index, { node }] of shards.entries()) {
    const part = free.filter((slot) => Math.floor((slot * shards.length) / SLOTS) === index);
    if (part.length > 0) await node.client.call('CLUSTER', 'ADDSLOTS', ...part);
  }
  return `${free.length} slots were nobody's`;
}

async function followMasters(views: readonly View[]): Promise<string> {
  const idle = views.filter(({ isMaster, slots }) => isMaster && slots.length === 0);
  const followers = new Map(views.filter(({ slots }) => slots.length > 0).map(({ id }) => [id, 0]));
  for (const { masterId } of views) {
    const count = followers.get(masterId);
    if (count !== undefined) followers.set(masterId, count + 1);
  }
  for (const { node } of idle) {
    const [least] = [...followers].sort(([, one], [, other]) => one - other);
    if (least === undefined) break;
    const [master, count] = least;
    followers.set(master, count + 1);
    await node.client.call('CLUSTER', 'REPLICATE', master);
  }
  return idle.map(({ node }) => `${node.url.host} had nothing to do`).join(', ');
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

if (import.meta.main) {
  const [, , file = '/run/secrets/nodes'] = process.argv;
  const urls = readFileSync(file, 'utf8').trim().split(',');
  await formCluster(urls);
  process.stdout.write(`${urls.length} nodes are a cluster\n`);
}
