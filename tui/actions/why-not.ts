import { OPERATOR_ROLES } from '@flash-sale/shared/lifecycle.ts';
import type { State } from '../state/state.ts';
import type { Action } from './action.ts';

/** Why it cannot be done now, and what to do about it; null when it can. */
export function whyNot(action: Action, state: State): string | null {
  return action.does === 'changes'
    ? (mayNotChange(action, state) ?? reasonOf(action, state))
    : reasonOf(action, state);
}

function reasonOf(action: Action, state: State): string | null {
  return action.reason?.(state) ?? null;
}

function mayNotChange({ role = 'operator' }: Action, { context, me }: State): string | null {
  if (context.isReadOnly) return `${context.name} is read-only here. Start with --write to change things.`;
  if (me === null || OPERATOR_ROLES.indexOf(me.role) >= OPERATOR_ROLES.indexOf(role)) return null;
  return `This needs the role ${role}; ${me.name} is ${me.role}. Ask an admin for a token.`;
}
