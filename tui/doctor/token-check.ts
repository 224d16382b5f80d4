/** Who this terminal is to the API, and for how long. */

import { TOKEN_ENDS_SOON_MS, TOKEN_UNUSED_LONG_MS } from '@flash-sale/shared/terminal-limits.ts';
import type { OperatorView } from '@flash-sale/shared/contracts/operator.ts';
import type { OperatorRole } from '@flash-sale/shared/lifecycle.ts';
import { refusalWords, type Answer } from '../api.ts';
import { age, dateTime } from '../look/format.ts';
import { safe } from '../look/text.ts';
import { no, ok, warn, type Check } from './check.ts';

export type Me = Pick<OperatorView, 'name' | 'role' | 'expires_at'>;

const MAY: Readonly<Record<OperatorRole, string>> = {
  viewer: 'may look and change nothing',
  operator: 'may do everything but make operators',
  admin: 'may do everything',
};

/** @param tokenFrom where the token was read, for people */
export function tokenCheck(answer: Answer<Me>, tokenFrom: string, nowMs: number): Check {
  if (!answer.ok) {
    if (answer.code === 'unauthorized') {
      const fix = `ask an admin for a new one, and put it into ${tokenFrom}`;
      return no('token', 'the API does not know it: it is wrong, revoked or expired', fix);
    }
    return no('token', safe(refusalWords(answer)), 'see to the stores: whose token it is stands in SQL');
  }
  const { name, role, expires_at: expiresAt } = answer.data;
  const who = `${safe(name)} is ${role}: ${MAY[role]}`;
  if (expiresAt === null) return ok('token', `${who}; it does not expire`);
  const leftMs = Date.parse(expiresAt) - nowMs;
  const until = `${who}; it expires in ${age(leftMs)}, ${dateTime(Date.parse(expiresAt))}`;
  return leftMs > TOKEN_ENDS_SOON_MS
    ? ok('token', until)
    : warn('token', until, 'ask an admin for a new one in time');
}

/** Tokens that nobody would miss: whoever else has one of them is noticed by nobody. */
export function unusedCheck(answer: Answer<OperatorView[]>, nowMs: number): Check {
  if (!answer.ok) return no('idle tokens', safe(refusalWords(answer)), 'see to the stores');
  const wasUnused = ({ state, last_used_at: usedAt, created_at: madeAt }: OperatorView) =>
    state === 'active' && nowMs - Date.parse(usedAt ?? madeAt) > TOKEN_UNUSED_LONG_MS;
  const names = answer.data.filter(wasUnused).map(({ name }) => safe(name));
  const period = age(TOKEN_UNUSED_LONG_MS);
  if (names.length === 0) return ok('idle tokens', `each was used or made in the last ${period}`);
  const says = `nobody used for ${period}: ${names.join(', ')}`;
  return warn('idle tokens', says, 'flashsale operators revoke NAME');
}
