/** One look at everything. */

import { Overview } from '@flash-sale/shared/contracts/overview.ts';
import { answerOf } from '../api.ts';
import { command } from './command.ts';
import { must } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';

export const STATUS_COMMANDS = [
  command({
    words: 'status',
    summary: 'Every sale that is on or to come, the stores, and what waits for somebody',
    does: 'looks',
    shape: { id: 'at', fields: fieldsOf(Overview), columns: [] },
    async run({ api, out }) {
      out.one(await must(answerOf(api.overview.get())));
      return EXIT.ok;
    },
  }),
];
