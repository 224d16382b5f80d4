/** Everything that can be done without a screen, in the order of the help. */

import type { Command } from './command.ts';
import { completionCommands } from './completion.ts';
import { CONTEXT_COMMANDS } from './contexts.ts';
import { DOCTOR_COMMANDS } from './doctor.ts';
import { EVENT_COMMANDS } from './events.ts';
import { HOLD_COMMANDS } from './holds.ts';
import { NEW_SALE_COMMANDS } from './new-sales.ts';
import { OPERATOR_COMMANDS } from './operators.ts';
import { ORDER_COMMANDS } from './orders.ts';
import { PAY_COMMANDS } from './pay.ts';
import { PRODUCT_COMMANDS } from './products.ts';
import { REHEARSAL_COMMANDS } from './rehearse.ts';
import { REPLAY_COMMANDS } from './replays.ts';
import { SALE_VERB_COMMANDS } from './sale-verbs.ts';
import { SALE_WATCH_COMMANDS } from './sale-watch.ts';
import { SALE_COMMANDS } from './sales.ts';
import { SEND_COMMANDS } from './send.ts';
import { STATUS_COMMANDS } from './status.ts';
import { WEBHOOK_COMMANDS } from './webhooks.ts';

export const COMMANDS: readonly Command[] = [
  ...STATUS_COMMANDS,
  ...DOCTOR_COMMANDS,
  ...SALE_COMMANDS,
  ...NEW_SALE_COMMANDS,
  ...SALE_VERB_COMMANDS,
  ...SALE_WATCH_COMMANDS,
  ...HOLD_COMMANDS,
  ...ORDER_COMMANDS,
  ...WEBHOOK_COMMANDS,
  ...REPLAY_COMMANDS,
  ...SEND_COMMANDS,
  ...PAY_COMMANDS,
  ...REHEARSAL_COMMANDS,
  ...PRODUCT_COMMANDS,
  ...EVENT_COMMANDS,
  ...OPERATOR_COMMANDS,
  ...CONTEXT_COMMANDS,
  ...completionCommands(() => COMMANDS),
];
