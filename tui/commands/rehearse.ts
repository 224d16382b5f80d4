/** The worst minute of the year, before it comes. */

import type { SaleOverview } from '@flash-sale/shared/contracts/overview.ts';
import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import {
  REHEARSAL_BUYERS_MAX,
  REHEARSAL_CONNECTIONS_MAX,
  REHEARSAL_SECONDS_MAX,
} from '@flash-sale/shared/terminal-limits.ts';
import { answerOf, connectApi, type Api } from '../api.ts';
import { webhookSecretOf, type Settings } from '../config.ts';
import { ansiOf } from '../look/ansi.ts';
import { asciiOf } from '../look/look.ts';
import { textOf, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { progressLines, progressText } from '../rehearsal/progress-lines.ts';
import type { Progress } from '../rehearsal/progress.ts';
import { createRedraw } from '../rehearsal/redraw.ts';
import { rehearse } from '../rehearsal/rehearse.ts';
import { writeReport } from '../rehearsal/report-files.ts';
import { verdictLines } from '../rehearsal/verdict-lines.ts';
import { command, type Io, type There } from './command.ts';
import { must, UsageFault } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { buyersAt } from './send-signed.ts';
import { apiUrl, integer, on, optional, text } from './taken.ts';

const BUYERS = 5_000;
const UNITS = 100;
const CONNECTIONS = 500;
const SECONDS = 10;

export const REHEARSAL_COMMANDS = [
  command({
    words: 'rehearse',
    summary: 'A crowd of real buyers at a sale that is made for it, and a verdict',
    details: `It makes a product and a sale of its own, launches it, lets buyers come over HTTP (impatient and slow ones, some that
leave, click twice, hang up, pay late, twice, wrongly or never), ends it, and compares what buyers were told with what is
written down. No other sale is touched, but they share the machine: while they buy, it asks before.
Payments are signed with WEBHOOK_SECRET when it is set. 0: every rule held; 1: one was broken; 6: nobody answered.`,
    does: 'changes',
    takesNoReason: true,
    isDestructive: true,
    flags: {
      buyers: optional(
        integer('N', `buyers that come; ${BUYERS} when absent`, { max: REHEARSAL_BUYERS_MAX }),
      ),
      units: optional(integer('N', `units that there are; ${UNITS} when absent`, { max: ALLOTMENT_MAX })),
      rate: optional(
        integer(
          'N',
          `buyers a second on average, four times as many at the opening; else they come within ${SECONDS} s`,
        ),
      ),
      connections: optional(
        integer('N', `connections at a time; ${CONNECTIONS} when absent`, { max: REHEARSAL_CONNECTIONS_MAX }),
      ),
      seed: optional(integer('N', 'the same buyers as in another rehearsal', { min: 0, max: 2 ** 32 - 1 })),
      api: optional(apiUrl),
      report: optional(text('DIR', 'a folder for the report: JSON, Markdown, and a chart as SVG')),
      json: on('the report as one JSON value, and no progress'),
    },
    async run({ flags, settings, io, out, say, confirm, signal }) {
      const { buyers = BUYERS, units = UNITS, connections = CONNECTIONS, rate, json, report: folder } = flags;
      const url = buyersAt(flags.api, settings);
      const lengthMs = rate === undefined ? SECONDS * 1_000 : (buyers / rate) * 1_000;
      if (lengthMs > REHEARSAL_SECONDS_MAX * 1_000) {
        throw new UsageFault('--rate is too low for so many buyers');
      }
      // Not ended by ctrl+c: the sale has to be ended after it.
      const api = connectApi(settings.url, settings.token);
      await confirmBesideOthers(api, buyers, confirm);
      const seed = flags.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
      const secret = webhookSecretOf(io.environment);
      const options = { api, apiUrl: url, secret, buyers, units, lengthMs, connections, seed };
      const show = json ? () => {} : openProgress(io, settings);
      const report = await rehearse(options, show, signal);
      if (json) out.text(`${JSON.stringify(report, null, 2)}\n`);
      else {
        const lines = verdictLines(report, io.out.columns);
        out.text(lines.map((line) => `${painted(line, settings, io.out.isTty).trimEnd()}\n`).join(''));
      }
      if (!report.recorded) {
        say('It could not be written into the audit log: the overview does not know of it.');
      }
      if (folder !== undefined) say(`Written: ${(await writeReport(folder, report)).map(safe).join(', ')}`);
      return report.passed ? EXIT.ok : EXIT.failed;
    },
  }),
];

/** Whoever rehearses while others buy takes from them what the machine has. @throws Ending, UsageFault */
async function confirmBesideOthers(
  api: Api,
  buyers: number,
  confirm: There<unknown, {}, {}>['confirm'],
): Promise<void> {
  const { sales } = await must(answerOf(api.overview.get()));
  const isBusy = ({ units: { held, ordered }, rates }: SaleOverview) =>
    ordered + (held ?? 0) > 0 || (rates?.held_per_second ?? 0) > 0;
  const busy = sales.filter((sale) => sale.state === 'live' && isBusy(sale));
  if (busy.length === 0) return;
  const names = busy.map(({ sale_id: id, name }) => `${id} (${safe(name)})`).join(', ');
  await confirm([
    `Buyers are at sale ${names} now. Nothing of it is touched, but they share the machine with ${buyers} of the rehearsal.`,
  ]);
}

/** On a terminal redrawn in place, else a line a second. */
function openProgress({ err, out }: Io, settings: Settings): (progress: Progress) => void {
  if (!err.isTty) return (progress) => err.write(`${progressText(progress)}\n`);
  const redraw = createRedraw(
    (text) => err.write(text),
    out.columns,
    (line) => painted(line, settings, true),
  );
  return (progress) => redraw(progressLines(progress, out.columns));
}

function painted(line: Line, { ascii, color }: Settings, isTty: boolean): string {
  const plain = ascii ? line.map((piece) => ({ ...piece, text: asciiOf(piece.text) })) : line;
  return isTty && color !== 'none' ? ansiOf(plain) : textOf(plain);
}
