/** What operators do to a sale. */

import type { Action } from '../actions/action.ts';

export const SALE_ACTIONS: readonly Action[] = [];
