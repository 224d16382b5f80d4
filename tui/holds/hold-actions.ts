import type { Action } from '../actions/action.ts';

export const HOLD_ACTIONS: readonly Action[] = [];
