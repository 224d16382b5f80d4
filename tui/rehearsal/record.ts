/** A rehearsal is written down where operators look before a launch. */

import { answerOf, type Api } from '../api.ts';
import { sendUntilAnswered } from '../until-answered.ts';
import type { Report } from './report.ts';

/** @returns whether it was */
export async function record(api: Api, report: Omit<Report, 'recorded'>): Promise<boolean> {
  const { passed, sale_id, buyers, units, units_at_end: end, seconds, steps, checks } = report;
  const came = {
    passed,
    sale_id,
    buyers,
    units,
    paid_units: end.paid,
    seconds,
    holds_per_second: steps.hold.best_per_second,
    hold_p99_ms: steps.hold.p99,
    broken: checks.flatMap(({ rule, passed: holds }) => (holds ? [] : [rule])),
  };
  const answer = await sendUntilAnswered((headers) => answerOf(api.rehearsals.post(came, { headers })));
  return answer.ok;
}
