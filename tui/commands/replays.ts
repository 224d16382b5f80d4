/** Deliveries processed again. The API goes on with a replay, whatever becomes of who ordered it. */

import { ReplayItemView, ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import { REPLAY_DELIVERIES_MAX, REPLAY_RATE_MAX } from '@flash-sale/shared/limits.ts';
import { answerOf } from '../api.ts';
import { count, rate } from '../look/format.ts';
import { deliveries } from '../webhooks/replay-lines.ts';
import { outcomeWord } from '../webhooks/outcome-words.ts';
import { command, type There } from './command.ts';
import { ifAnswered, UsageFault } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import type { Shape } from './output.ts';
import { PAGED, readRows } from './pages.ts';
import { any, given, integer, on, optional, type Flags, type Words } from './taken.ts';
import { DELIVERY_FILTER, filterOf } from './webhooks.ts';

const ASKED_EVERY_MS = 250;

const ITEM: Shape<ReplayItemView> = {
  id: 'delivery_id',
  fields: fieldsOf(ReplayItemView),
  columns: [
    { field: 'delivery_id', title: 'Delivery', align: 'right' },
    { field: 'state', title: 'State' },
    {
      field: 'outcome',
      title: 'Outcome',
      cell: ({ outcome, state }) => (outcome === null ? state : outcomeWord(outcome, 'processed')),
    },
    { field: 'changed', title: 'Changed' },
    { field: 'says', title: 'What became of it' },
  ],
};

const REPLAY: Shape<ReplayView> = {
  id: 'id',
  fields: fieldsOf(ReplayView),
  columns: [
    { field: 'id', title: 'Replay', align: 'right' },
    { field: 'state', title: 'State' },
    { field: 'dry_run', title: 'Dry' },
    { field: 'done', title: 'Done', align: 'right' },
    { field: 'total', title: 'Of', align: 'right' },
    { field: 'changed', title: 'Changed', align: 'right' },
    { field: 'failed', title: 'Failed', align: 'right' },
    { field: 'actor', title: 'By' },
    { field: 'created_at', title: 'Since' },
  ],
};

const replayWord = integer('REPLAY', 'the id of the replay');

const replay = command({
  words: 'webhooks replay',
  summary: 'Process deliveries again: these, or all that match; shows what became of each',
  details: 'It follows the replay to its end, and ends with 1 when some failed or it was stopped.',
  does: 'changes',
  isDestructive: true,
  shape: ITEM,
  takes: { deliveries: any(integer('DELIVERY', 'the ids of the deliveries; else the flags choose')) },
  flags: {
    ...DELIVERY_FILTER,
    matching: on('all that match the flags above, or simply all'),
    'dry-run': on('change nothing: only show what would become of each'),
    rate: optional(integer('N', 'deliveries per second at most', { max: REPLAY_RATE_MAX })),
    detach: on('do not follow it: only print its id'),
  },
  async run(at) {
    const { words, flags, api } = at;
    const ids = [...words.deliveries];
    const filter = filterOf(flags);
    const isByFilter = flags.matching || Object.keys(filter).length > 0;
    if (isByFilter === ids.length > 0) {
      throw new UsageFault(
        'Which deliveries? Give their ids, or flags that choose them: --state parked, say, or --matching for all',
      );
    }
    const isDry = flags['dry-run'];
    if (!isDry && (isByFilter || ids.length > 1)) {
      const what = isByFilter ? 'All deliveries that match' : deliveries(ids.length);
      await at.confirm([`${what} will be processed again. --dry-run shows what would become of them.`]);
    }
    const choice = isByFilter ? { filter } : { ids };
    const body = { ...choice, dry_run: isDry, ...given({ per_second: flags.rate }) };
    const { id } = await at.change((headers) => answerOf(api.webhooks.replay.post(body, { headers })));
    if (flags.detach) {
      at.out.text(`${id}\n`);
      return EXIT.ok;
    }
    const end = await followReplay(at, id);
    if (end === null) return EXIT.interrupted;
    at.out.list(await itemsOf(at, id));
    return end.failed > 0 || end.state === 'stopped' ? EXIT.failed : EXIT.ok;
  },
});

/** @returns as it is at its end; null when ctrl+c was pressed */
async function followReplay(at: There<never, Words, Flags>, id: number): Promise<ReplayView | null> {
  const { api, io, say, signal } = at;
  const tellsAll = io.err.isTty;
  for (;;) {
    const now = await ifAnswered(answerOf(api.webhooks.replays({ id }).get()));
    if (signal.aborted) {
      say(`${tellsAll ? '\n' : ''}Replay ${id} goes on. To stop it: flashsale replays stop ${id}`);
      return null;
    }
    if (now !== null && tellsAll) io.err.write(`\r\x1b[K${progressWords(now)}`);
    if (now !== null && now.state !== 'running') {
      say(`${tellsAll ? '\r\x1b[K' : ''}Replay ${id} is ${now.state}: ${progressWords(now)}`);
      return now;
    }
    await Bun.sleep(ASKED_EVERY_MS);
  }
}

function progressWords({ done, total, changed, failed, rate: speed }: ReplayView): string {
  return `${count(done)} of ${deliveries(total)}, ${count(changed)} changed, ${count(failed)} failed, ${rate(speed)}`;
}

function itemsOf(
  { api, say }: Pick<There<never, Words, Flags>, 'api' | 'say'>,
  id: number,
  flags: { limit: number | undefined; all: boolean } = { limit: REPLAY_DELIVERIES_MAX, all: false },
): Promise<ReplayItemView[]> {
  const { items } = api.webhooks.replays({ id });
  return readRows({ flags, say }, (query) => answerOf(items.get({ query })));
}

const list = command({
  words: 'replays list',
  summary: 'Replays and how far they are, newest first',
  does: 'looks',
  shape: REPLAY,
  flags: PAGED,
  async run(at) {
    at.out.list(await readRows(at, (query) => answerOf(at.api.webhooks.replays.get({ query }))));
    return EXIT.ok;
  },
});

const show = command({
  words: 'replays show',
  summary: 'What a replay made of each delivery',
  does: 'looks',
  shape: ITEM,
  takes: { replay: replayWord },
  flags: PAGED,
  async run(at) {
    at.out.list(await itemsOf(at, at.words.replay, at.flags));
    return EXIT.ok;
  },
});

const stop = command({
  words: 'replays stop',
  summary: 'Stop a replay that is running; what it did stays done',
  does: 'changes',
  shape: REPLAY,
  takes: { replay: replayWord },
  async run({ api, words, out, change }) {
    const { stop: ask } = api.webhooks.replays({ id: words.replay });
    out.list([await change((headers) => answerOf(ask.post(undefined, { headers })))]);
    return EXIT.ok;
  },
});

export const REPLAY_COMMANDS = [replay, list, show, stop];
