import type { Action } from '../actions/action.ts';

export const WEBHOOK_ACTIONS: readonly Action[] = [];
