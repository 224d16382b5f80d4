import type { Action } from '../actions/action.ts';

export const ORDER_ACTIONS: readonly Action[] = [];
