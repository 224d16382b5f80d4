/** A rehearsal from the screen. */

import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { REHEARSAL_BUYERS_MAX } from '@flash-sale/shared/terminal-limits.ts';
import type { Action } from '../actions/action.ts';
import type { Desk } from '../desk.ts';
import type { Field, Values } from '../dialogs/dialog.ts';
import { faultWords } from '../fault-words.ts';
import { count, rate } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { NEW_LIST } from '../list/list-state.ts';
import type { State } from '../state/state.ts';
import { burstRate } from './arrivals.ts';
import { runningRehearsal, type RehearsalRun } from './rehearsal-run.ts';
import { rehearsalView } from './rehearsal-view.ts';
import type { RehearsalOptions } from './run.ts';

const LENGTH_MS = 10_000;
const CONNECTIONS = 500;

async function askAndRehearse(desk: Desk): Promise<void> {
  const { apiUrl, secret } = desk.buyers;
  if (apiUrl === null) {
    desk.say(
      'Where buyers are is not known here: say it with --api, or with api_url in the context.',
      'warn',
    );
    return;
  }
  const values = await desk.ask.form({
    title: 'Rehearsal',
    lines: [[span('A crowd of real buyers at a sale that is made for it, and ended with it.')]],
    verb: 'rehearse',
    fields: [
      numberField('buyers', 'Buyers', '5000', REHEARSAL_BUYERS_MAX),
      numberField('units', 'Units', '100', ALLOTMENT_MAX),
    ],
    preview,
  });
  if (values === null) return;
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  await run(desk, {
    api: desk.api,
    apiUrl,
    secret,
    buyers: Number(values['buyers']),
    units: Number(values['units']),
    lengthMs: LENGTH_MS,
    connections: CONNECTIONS,
    seed,
  });
}

function numberField(name: string, label: string, initial: string, max: number): Field {
  const hint = `1 to ${count(max)}`;
  const isRight = (text: string) => /^\d{1,8}$/.test(text) && Number(text) >= 1 && Number(text) <= max;
  return { name, label, initial, hint, check: (text) => (isRight(text) ? null : `must be ${hint}`) };
}

function preview(values: Values): readonly Line[] {
  const perSecond = burstRate(Number(values['buyers']), LENGTH_MS);
  return [
    [
      span(`They come within ${LENGTH_MS / 1_000} seconds, at the opening `),
      span(rate(perSecond), 'accent'),
      span('. Others who buy now share the machine with them.'),
    ],
  ];
}

async function run(desk: Desk, options: RehearsalOptions): Promise<void> {
  const broken = new AbortController();
  const over = Promise.withResolvers<void>();
  const id = crypto.randomUUID();
  const now = (): RehearsalRun | undefined => desk.store.get().rehearsals.find((one) => one.id === id);
  const set = (change: Partial<RehearsalRun>) =>
    desk.store.set((state) => ({
      ...state,
      rehearsals: state.rehearsals.map((one) => (one.id === id ? { ...one, ...change } : one)),
    }));
  desk.store.set((state) =>
    showing(state, {
      id,
      atMs: Date.now(),
      buyers: options.buyers,
      units: options.units,
      progress: null,
      report: null,
      fault: '',
      stop() {
        broken.abort();
        return over.promise;
      },
    }),
  );
  const what = `Rehearsal of ${count(options.buyers)} buyers for ${count(options.units)} units`;
  try {
    const { rehearse } = await import('./rehearse.ts');
    const report = await rehearse(options, (progress) => set({ progress }), broken.signal);
    set({ report });
    desk.say(`${what}: ${report.passed ? 'passed' : 'FAILED'}.`, report.passed ? 'good' : 'warn');
  } catch (fault) {
    const why = broken.signal.aborted ? 'It was broken off.' : faultWords(fault);
    set({ fault: now()?.progress ? `${why} Its sale is ended.` : why });
    desk.say(`${what}: ${why}`, 'warn');
  } finally {
    over.resolve();
    desk.reload();
  }
}

/** In its view, under the cursor, with its details. */
function showing(state: State, added: RehearsalRun): State {
  const list = `sales.${rehearsalView.name}`;
  return {
    ...state,
    rehearsals: [added, ...state.rehearsals],
    views: { ...state.views, sales: rehearsalView.name },
    lists: { ...state.lists, [list]: { ...(state.lists[list] ?? NEW_LIST), selectedId: added.id } },
    details: { ...state.details, sales: state.details.sales === 'closed' ? 'beside' : state.details.sales },
    detailTop: 0,
  };
}

export const REHEARSAL_ACTIONS: readonly Action[] = [
  {
    id: 'sale.rehearse',
    keys: ['T'],
    place: 'sales',
    does: 'changes',
    title: 'Rehearse: a crowd of real buyers at a sale of its own, and a verdict',
    reason: ({ rehearsals }) =>
      runningRehearsal(rehearsals) === undefined ? null : 'A rehearsal is going on. x breaks it off.',
    run: askAndRehearse,
  },
  {
    id: 'sale.rehearse.stop',
    keys: ['x'],
    place: 'sales',
    does: 'looks',
    views: [rehearsalView.name],
    title: 'Break the rehearsal off: its sale is ended',
    hint: 'break off',
    reason: ({ rehearsals }) =>
      runningRehearsal(rehearsals) === undefined ? 'No rehearsal is going on. T begins one.' : null,
    run: ({ store }) => runningRehearsal(store.get().rehearsals)?.stop(),
  },
];
