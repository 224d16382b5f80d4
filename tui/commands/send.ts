/** Plays a payment provider that sends whatever it likes. */

import { readFile } from 'node:fs/promises';
import { faultWords } from '../fault-words.ts';
import { command, type Io } from './command.ts';
import { Ending, UsageFault } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { deliver, DELIVERED, PROVIDER_DETAILS, PROVIDER_FLAGS } from './send-signed.ts';
import { oneOf, optional, text } from './taken.ts';

export const SEND_COMMANDS = [
  command({
    words: 'webhooks send',
    summary: 'Try a webhook out: send a file as a payment provider does, byte for byte',
    details: PROVIDER_DETAILS,
    does: 'changes',
    takesNoReason: true,
    shape: DELIVERED,
    takes: { file: text('FILE', 'what is sent; - is what is piped into it') },
    flags: {
      event: optional(
        oneOf('EVENT', 'what it tells of; payment_success when absent', [
          'payment_success',
          'payment_failed',
        ]),
      ),
      ...PROVIDER_FLAGS,
    },
    async run(at) {
      const body = await bodyOf(at.words.file, at.io);
      if (body === '') throw new UsageFault(`${at.words.file} is empty`);
      return deliver(at, at.flags.event ?? 'payment_success', body);
    },
  }),
];

async function bodyOf(file: string, { input }: Io): Promise<string> {
  if (file === '-') return input.text();
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Ending(EXIT.notFound, `${file} cannot be read: ${faultWords(error)}`);
  }
}
