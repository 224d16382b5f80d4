/** Everything that can be done without a screen, in the order of the help. */

import type { Command } from './command.ts';
import { SALE_COMMANDS } from './sales.ts';
import { STATUS_COMMANDS } from './status.ts';

export const COMMANDS: readonly Command[] = [...STATUS_COMMANDS, ...SALE_COMMANDS];
