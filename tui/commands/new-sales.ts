/** New sales: one by flags, or many out of a file, all or none. */

import { readFile } from 'node:fs/promises';
import { faultsOf } from '@flash-sale/shared/contracts/field-errors.ts';
import { NEW_SALE_STATES, NewSales } from '@flash-sale/shared/contracts/sale.ts';
import { answerOf, refusalWords } from '../api.ts';
import { faultWords } from '../fault-words.ts';
import { counted } from '../look/format.ts';
import { readInstant } from '../sales/instants.ts';
import { command, type Io } from './command.ts';
import { Ending, UsageFault } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { SALE } from './sales.ts';
import {
  amountOf,
  currencyOf,
  given,
  integer,
  oneOf,
  optional,
  text,
  type Taken,
  type ValuesOf,
} from './taken.ts';

const instant = (says: string): Taken<string, 'optional'> => ({
  kind: 'optional',
  name: 'TIME',
  says,
  expected: 'a time: 18:00, "2026-12-01 09:00", 2026-12-01T09:00:00Z, or 2h from now',
  parse(written) {
    const nowMs = Date.now();
    const ms = readInstant(written, { nowMs, fromMs: nowMs });
    return ms === null ? undefined : new Date(ms).toISOString();
  },
});

const units = (says: string) => optional(integer('UNITS', says));
const seconds = (says: string) => optional(integer('SECONDS', says));

const TERMS = {
  product: optional(integer('PRODUCT', 'the id of the product; needed without --file')),
  allotment: units('how many are sold; needed without --file'),
  opens: instant('when it opens; at once when absent'),
  closes: instant('when it closes; when it is ended when absent'),
  price: optional(amountOf("of a unit; the product's when absent")),
  currency: optional(currencyOf("of the price; the product's when absent")),
  'hold-ttl': seconds('how long a hold lasts'),
  'pay-window': seconds('how long there is to pay after ordering'),
  'buyer-limit': units('that one buyer may hold and order'),
  'buyer-rate': optional(integer('N', 'hold requests of one buyer in a while')),
  'address-rate': optional(integer('N', 'hold requests of one address in a while')),
  state: optional(oneOf('STATE', 'what it is at once; a draft when absent', NEW_SALE_STATES)),
} as const;

const FLAGS = {
  file: optional(text('FILE', 'many sales, all or none, as JSON; - for stdin', 'the path of a file')),
  ...TERMS,
} as const;

const DETAILS = `The file is a list of sales as the API takes them, and is checked before anything is sent:
  [{"product_id": 1, "allotment": 100, "opens_at": "2026-12-01T09:00:00Z",
    "state": "scheduled"}, ...]
Sales that open without more are asked about before.`;

export const NEW_SALE_COMMANDS = [
  command({
    words: 'sales create',
    summary: 'Create a sale, or many out of a file: all or none',
    details: DETAILS,
    does: 'changes',
    isDestructive: true,
    shape: SALE,
    flags: FLAGS,
    async run({ api, flags, io, out, change, confirm }) {
      const body = flags.file === undefined ? bodyOf(flags) : await readBody(flags.file, flags, io);
      const opening = body.sales.filter(({ state = 'draft' }) => state !== 'draft').length;
      if (opening > 0) {
        await confirm([
          `${opening} of ${counted(body.sales.length, 'sale')} will sell at once, or at the time given.`,
        ]);
      }
      out.list(await change((headers) => answerOf(api.sales.batch.post(body, { headers }))));
      return EXIT.ok;
    },
  }),
];

type Told = ValuesOf<typeof FLAGS>;

const TERM_NAMES = Object.keys(TERMS) as (keyof typeof TERMS)[];

/** The contract's name of a term where the flag has another; `checked` refuses a name that it does not know. */
const FIELDS: Readonly<Record<string, string>> = {
  product: 'product_id',
  opens: 'opens_at',
  closes: 'closes_at',
};

/** @throws UsageFault */
function bodyOf(flags: Told): NewSales {
  const { product, allotment } = flags;
  if (product === undefined || allotment === undefined) {
    throw new UsageFault('--product and --allotment are needed, or --file');
  }
  const told = TERM_NAMES.map((name) => [FIELDS[name] ?? name.replaceAll('-', '_'), flags[name]] as const);
  return checked({ sales: [given(Object.fromEntries(told))] });
}

/** @throws UsageFault, Ending */
async function readBody(file: string, flags: Told, io: Io): Promise<NewSales> {
  const other = TERM_NAMES.find((name) => flags[name] !== undefined);
  if (other !== undefined) throw new UsageFault(`--${other} is in the file where --file is given`);
  try {
    const told: unknown = JSON.parse(file === '-' ? await io.input.text() : await readFile(file, 'utf8'));
    return checked(Array.isArray(told) ? { sales: told } : told);
  } catch (error) {
    if (error instanceof Ending) throw error;
    throw new Ending(EXIT.failed, `${file}: ${faultWords(error)}`);
  }
}

/** @throws Ending that lists what is wrong */
function checked(body: unknown): NewSales {
  const fields = faultsOf(NewSales, body);
  if (Object.keys(fields).length === 0) return body as NewSales;
  const message = refusalWords({
    ok: false,
    code: 'bad_request',
    message: 'Nothing was sent.',
    fields,
    failure: null,
  });
  throw new Ending(EXIT.failed, message);
}
