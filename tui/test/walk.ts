/**
 * A shift at the terminal, from `start` to the end of a sale, in a real terminal against a real stack: what an operator
 * does first, and what buyers and their payment provider do meanwhile. Each picture is taken at three sizes.
 */

import { join } from 'node:path';
import { freePort } from '@flash-sale/api/test/free-port.ts';
import type { Size } from './emulator.ts';
import { startTmux, type TmuxSession } from './tmux.ts';

/** The shift itself is done at the last one. */
const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
  { columns: 120, rows: 40 },
];

export interface Picture {
  readonly name: string;
  readonly size: Size;
  readonly text: string;
  /** With the escape sequences of its colours. */
  readonly captured: string;
}

const START = join(import.meta.dir, '../../api/start.ts');

/** @param dataDir empty; what the stack writes stays there */
export async function walk(dataDir: string): Promise<Picture[]> {
  const [port, opsPort] = [freePort(), freePort()];
  const env = {
    DATA_DIR: dataDir,
    PORT: String(port),
    OPS_PORT: String(opsPort),
    NODE_ENV: 'test',
    TZ: 'UTC',
  };
  const terminal = await startTmux([process.execPath, START], { columns: 120, rows: 40, env });
  const pictures: Picture[] = [];
  try {
    await shift(terminal, buyersAt(`http://127.0.0.1:${port}`), async (name) => {
      pictures.push(...(await takePictures(terminal, name)));
    });
  } finally {
    await terminal.close();
  }
  return pictures;
}

type Shot = (name: string) => Promise<void>;
type Buyers = ReturnType<typeof buyersAt>;

async function shift(terminal: TmuxSession, buyers: Buyers, shot: Shot): Promise<void> {
  await terminal.waitFor('100 available = 100');
  await terminal.waitFor('2 Holds 0');
  await shot('board');
  await createSale(terminal, shot);
  await launch(terminal, shot);
  await watchHolds(terminal, buyers, shot);
  await sell(terminal, buyers, shot);
  await orderAndReplay(terminal, buyers, shot);
  await restockAndEnd(terminal, shot);
  await leave(terminal);
}

async function createSale(terminal: TmuxSession, shot: Shot): Promise<void> {
  await terminal.keys('n');
  await terminal.waitFor('What is sold?');
  await terminal.keys('Enter');
  await terminal.waitFor('New product and its sale');
  await fill(terminal, 'Lamp', 'A lamp.', '50', '19.99');
  await terminal.waitFor('999.50 EUR when all are paid');
  await shot('new-sale');
  await terminal.keys('C-s');
  await terminal.waitFor('sale 2 is a draft');
  await terminal.waitFor(/draft +Lamp #2/);
}

async function fill(terminal: TmuxSession, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    await terminal.type(text);
    await terminal.keys('Tab');
  }
}

async function launch(terminal: TmuxSession, shot: Shot): Promise<void> {
  await terminal.keys('l');
  await terminal.waitFor('Launch Lamp #2?');
  await shot('launch');
  await terminal.type('lamp-2');
  await terminal.keys('Enter');
  await terminal.waitFor('T-');
  await terminal.waitFor(/live +Lamp #2/);
  await terminal.waitFor('50 available = 50');
}

async function watchHolds(terminal: TmuxSession, buyers: Buyers, shot: Shot): Promise<void> {
  await terminal.keys('Enter');
  await terminal.waitFor('Nobody holds anything of Lamp #2');
  for (const [buyer, ttl] of [
    ['ann', 300],
    ['bob', 240],
    ['cem', 180],
    ['dia', 120],
    ['eve', 5],
  ] as const) {
    await buyers.hold({ product_id: 2, quantity: 2, buyer_id: buyer, ttl });
  }
  await terminal.waitFor(/eve .*expiring/);
  await terminal.waitFor(/eve .*expired/);
  await terminal.waitFor((screen) => !screen.includes('eve') && screen.includes('Holds  1/4'));
  await shot('holds');
  await terminal.keys('/');
  await terminal.type('!ann buyer:b');
  await terminal.waitFor('1 of 4');
  await terminal.keys('Enter', 'X');
  await terminal.waitFor('Release 1 hold?');
  await shot('release');
  await terminal.keys('y');
  await terminal.waitFor('The hold is released.');
  await terminal.keys('Escape');
  await terminal.waitFor('Holds  1/3');
}

/** A little crowd, so that there is something to see on the board. */
async function sell(terminal: TmuxSession, buyers: Buyers, shot: Shot): Promise<void> {
  for (let buyer = 1; buyer <= 16; buyer += 1) {
    const held = await buyers.hold({ product_id: 1, quantity: 4, buyer_id: `buyer-${buyer}`, ttl: 300 });
    if (buyer > 10) continue;
    await buyers.order(held, `pi_${buyer}`);
    if (buyer <= 7) await buyers.pay(held, `pi_${buyer}`);
  }
  await terminal.keys('1');
  await terminal.waitFor('28 paid + ▓ 12 ordered + ▒ 24 held + ░ 36 available = 100');
  await shot('selling');
}

async function orderAndReplay(terminal: TmuxSession, buyers: Buyers, shot: Shot): Promise<void> {
  const held = await buyers.hold({ product_id: 2, quantity: 3, buyer_id: 'fay', ttl: 120 });
  await buyers.order(held, 'pi_fay');
  await buyers.pay(held, 'pi_fay');
  await terminal.keys('3');
  await terminal.waitFor(/pi_fay/);
  await terminal.keys('g');
  await terminal.keys('Enter');
  await terminal.waitFor('applied');
  await shot('order');
  await terminal.keys('Escape');
  // Escape and a digit in one breath would be alt and the digit.
  await terminal.waitFor(/Sale +Buyer/);
  await terminal.keys('4');
  await terminal.waitFor(/applied.*pi_fay/);
  await terminal.keys('g', 'Enter');
  await terminal.waitFor('unsigned');
  await shot('webhook');
  await terminal.keys('r');
  await terminal.waitFor(/Nothing would change|Nothing changed|already/);
  await shot('replay');
  await terminal.keys('y');
  await terminal.waitFor(/Replay \d+ is done/);
}

async function restockAndEnd(terminal: TmuxSession, shot: Shot): Promise<void> {
  await terminal.keys('1');
  await terminal.waitFor('Lamp #2');
  await terminal.keys('u');
  await terminal.waitFor('Units of Lamp #2');
  await terminal.type('+10');
  await terminal.waitFor('60');
  // From its change to why, which stays empty, and on.
  await terminal.keys('Enter', 'Enter');
  await terminal.waitFor('51 available = 60');
  await terminal.keys('X');
  await terminal.waitFor('End Lamp #2?');
  await shot('end');
  await terminal.type('lamp-2');
  await terminal.keys('Enter');
  await terminal.waitFor('draining');
  await terminal.keys('5');
  await terminal.waitFor('Activity');
  await shot('activity');
  await terminal.keys('?');
  await terminal.waitFor('Keys');
  await shot('help');
  await terminal.keys('q');
}

async function leave(terminal: TmuxSession): Promise<void> {
  await terminal.keys('q');
  await terminal.waitFor('Stop everything?');
  await terminal.keys('y');
  await terminal.waitFor('stopping (terminal closed)');
}

async function takePictures(terminal: TmuxSession, name: string): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const size of SIZES) {
    await terminal.resize(size);
    const text = await settledScreen(terminal, size);
    pictures.push({ name, size, text, captured: await terminal.colouredScreen() });
  }
  return pictures;
}

/** Drawn at its size down to its last row, and nothing but numbers changes any more. */
async function settledScreen(terminal: TmuxSession, size: Size): Promise<string> {
  let before = '';
  return terminal.waitFor((screen) => {
    const shape = screen.replaceAll(/\d/g, '0');
    const isSettled = shape === before && isOfSize(screen.split('\n'), size);
    before = shape;
    return isSettled;
  });
}

/** The clock is at the right end of the first row, unless a box in the middle reaches over it. */
function isOfSize(lines: readonly string[], { columns, rows }: Size): boolean {
  const top = lines[0] ?? '';
  const blanks = /^ *(?=╭)/.exec(top)?.[0].length ?? -1;
  const isCentred = top.endsWith('╮') && blanks === Math.floor((columns - (top.length - blanks)) / 2);
  return lines.length === rows && (/\d$/.test(top) ? top.length === columns - 1 : isCentred);
}

function buyersAt(url: string) {
  const post = async (path: string, body: object): Promise<{ data: Record<string, string> }> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const reply = (await response.json()) as { data: Record<string, string>; message: string };
    if (!response.ok) throw new Error(`${path}: ${reply.message}`);
    return reply;
  };
  return {
    hold: async (fields: object): Promise<string> => (await post('/api/holds', fields)).data['hold_id'] ?? '',
    order: (holdId: string, intent: string) =>
      post('/api/orders', { hold_id: holdId, payment_intent_id: intent }),
    pay: (holdId: string, intent: string) =>
      post('/api/webhook/payment-success', { hold_id: holdId, payment_intent_id: intent }),
  };
}
