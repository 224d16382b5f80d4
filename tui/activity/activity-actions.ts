import type { Action } from '../actions/action.ts';

export const ACTIVITY_ACTIONS: readonly Action[] = [];
