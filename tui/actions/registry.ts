/** Everything an operator can do. */

import { ACTIVITY_ACTIONS } from '../activity/activity-actions.ts';
import { DIALOG_ACTIONS } from '../dialogs/dialog-actions.ts';
import { FRAME_ACTIONS, HELP_ACTIONS } from '../frame/frame-actions.ts';
import { PALETTE_ACTIONS } from '../frame/palette-actions.ts';
import { HOLD_ACTIONS } from '../holds/hold-actions.ts';
import { FILTER_ACTIONS } from '../list/filter-actions.ts';
import { LIST_ACTIONS } from '../list/list-actions.ts';
import { ORDER_ACTIONS } from '../orders/order-actions.ts';
import { REHEARSAL_ACTIONS } from '../rehearsal/rehearsal-actions.ts';
import { SALE_ACTIONS } from '../sales/sale-actions.ts';
import { WEBHOOK_ACTIONS } from '../webhooks/webhook-actions.ts';
import type { Action } from './action.ts';

export const ACTIONS: readonly Action[] = [
  ...SALE_ACTIONS,
  ...REHEARSAL_ACTIONS,
  ...HOLD_ACTIONS,
  ...ORDER_ACTIONS,
  ...WEBHOOK_ACTIONS,
  ...ACTIVITY_ACTIONS,
  ...LIST_ACTIONS,
  ...FRAME_ACTIONS,
  ...FILTER_ACTIONS,
  ...PALETTE_ACTIONS,
  ...HELP_ACTIONS,
  ...DIALOG_ACTIONS,
];
