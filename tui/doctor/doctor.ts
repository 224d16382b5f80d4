/** Everything that has to be right before the worst minute of the year, looked at in the order in which it depends. */

import type { Overview } from '@flash-sale/shared/contracts/overview.ts';
import { DOCTOR_PATIENCE_MS } from '@flash-sale/shared/terminal-limits.ts';
import { brokenWords, KEEP_BROKEN } from '../activity/audit-view.ts';
import { answerOf, connectApi, refusalWords, type Answer, type Api } from '../api.ts';
import type { Settings } from '../config.ts';
import { count } from '../look/format.ts';
import { safe } from '../look/text.ts';
import { no, ok, type Check } from './check.ts';
import { contractCheck } from './contract.ts';
import { answering, salesChecks, serviceChecks, storeChecks } from './overview-checks.ts';
import { reachChecks } from './reach-checks.ts';
import { settingsChecks } from './settings-checks.ts';
import { streamChecks } from './stream-checks.ts';
import { tokenCheck, unusedCheck } from './token-check.ts';

export interface Examined {
  readonly settings: Settings;
  /** Looks at what takes long too: the whole audit log. */
  readonly isDeep: boolean;
}

/** Each check once it is done. What depends on something that is not there is not looked at. */
export async function* examine({ settings, isDeep }: Examined): AsyncGenerator<Check, void> {
  const { url, token, tokenFrom } = settings;
  yield* settingsChecks(settings);
  const document = yield* reachChecks(url);
  if (document === null) return;
  yield contractCheck(document);
  const api = connectApi(url, token);
  const me = await answerOf(api.me.get());
  yield tokenCheck(me, tokenFrom.name, Date.now());
  if (!me.ok && me.code !== 'unavailable') return;
  yield* await overviewChecks(url, await answerOf(api.overview.get()));
  if (!me.ok) return;
  if (me.data.role === 'admin') yield unusedCheck(await answerOf(api.operators.get()), Date.now());
  yield* await streamChecks({ url, token });
  if (isDeep) yield await auditCheck(api);
}

async function overviewChecks(url: string, overview: Answer<Overview>): Promise<Check[]> {
  if (overview.ok) {
    return [...storeChecks(overview.data), ...serviceChecks(overview.data), ...salesChecks(overview.data)];
  }
  return [no('overview', safe(refusalWords(overview)), 'see to the stores'), ...(await readiness(url))];
}

/** Without SQL there is no overview and nobody has a token; this can be asked still. */
async function readiness(url: string): Promise<Check[]> {
  const response = await fetch(`${url}/health/ready`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(DOCTOR_PATIENCE_MS),
  }).catch(() => null);
  const body: unknown = await response?.json().catch(() => null);
  if (typeof body !== 'object' || body === null) return [];
  const answers = (store: 'redis' | 'sql') => ({
    answers: store in body && body[store as keyof typeof body] === true,
    milliseconds: null,
  });
  return answering(answers('redis'), answers('sql'));
}

async function auditCheck(api: Api): Promise<Check> {
  const answer = await answerOf(api.audit.verify.get());
  if (!answer.ok) return no('audit log', safe(refusalWords(answer)), 'see to the stores, and look again');
  const { intact, rows } = answer.data;
  if (intact) return ok('audit log', `${count(rows)} rows, each as it was written`);
  return no('audit log', brokenWords(answer.data), KEEP_BROKEN);
}
