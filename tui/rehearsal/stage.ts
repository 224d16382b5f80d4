/** What all buyers of a rehearsal share, and how anything is asked. */

import { safe } from '../look/text.ts';
import type { Connections, Wish } from './connections.ts';
import type { Figures, Step } from './figures.ts';
import type { Judge } from './rules.ts';
import type { Told } from './told.ts';

export interface Stage {
  readonly connections: Connections;
  readonly figures: Figures;
  readonly judge: Judge;
  readonly told: Told;
  readonly productId: number;
  readonly price: number;
  readonly currency: string;
  /** What payments are signed with; null: they are not. */
  readonly secret: string | null;
  /** In the names of everything that is made: two rehearsals never meet. */
  readonly run: string;
  /** Somebody asked for one unit and was told that there is none: while units are left for long, that is untrue. */
  readonly turnedAway: () => void;
  /** Nothing more can come: whoever waits goes home. */
  readonly isOver: () => boolean;
  /** Ends early when the rehearsal is broken off. */
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Reply {
  /** `done`, `done before`, or the code of a refusal. */
  readonly says: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What buyers and providers know how to go on after; anything else is a fault of the API. */
const KNOWN: Readonly<Record<Step, readonly string[]>> = {
  hold: ['done', 'done before', 'insufficient_stock'],
  order: ['done', 'done before', 'hold_expired'],
  payment: ['done', 'payment_intent_unknown', 'signature_invalid'],
  release: ['done'],
};
/** Whoever hears this asks again a little later. */
const LATER = ['unavailable', 'too_many_requests'];
const ATTEMPTS_MAX = 6;

type AskStage = Pick<Stage, 'figures' | 'judge' | 'connections' | 'sleep' | 'isOver'>;

/** Asks until somebody answers; each request is one that may be sent again. @returns null when nobody ever did */
export async function ask(stage: AskStage, step: Step, wish: Wish): Promise<Reply | null> {
  const { figures, judge, connections, sleep } = stage;
  const { hangUpAfterMs, ...calm } = wish;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const heard = await connections.send({
      ...(attempt === 1 ? wish : calm),
      isBegun: step !== 'hold',
    });
    if (heard.kind === 'answered') {
      const reply = readReply(step, heard.status, heard.body);
      figures.answered(step, reply.says, heard.ms);
      if (KNOWN[step].includes(reply.says)) return reply;
      if (!LATER.includes(reply.says)) {
        judge.breach('answers', `${step}: ${heard.status} ${reply.says}`);
        return reply;
      }
    } else if (hangUpAfterMs === undefined || attempt > 1) {
      figures.unanswered(step);
    }
    // Who only looks goes home; what was begun is brought to its end.
    if (step === 'hold' && attempt > 1 && stage.isOver()) return null;
    await sleep(50 * 2 ** attempt);
  }
  // An installation that leaves buyers without any answer is not ready, whatever else is right.
  judge.breach('answers', `${step}: no answer to ${ATTEMPTS_MAX} requests`);
  return null;
}

function readReply(step: Step, status: number, body: unknown): Reply {
  const { data, code } = tableOf(body);
  const isAgain = status === 200 && (step === 'hold' || step === 'order');
  if (status === 200 || status === 201) {
    return { says: isAgain ? 'done before' : 'done', data: tableOf(data) };
  }
  return { says: typeof code === 'string' ? safe(code) : `status ${status}`, data: {} };
}

/** What came from outside, if it is an object. */
export function tableOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
