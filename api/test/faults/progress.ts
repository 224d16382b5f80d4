/** How a campaign goes: a few lines that are drawn again on a terminal, one line now and then elsewhere. */

import type { Campaign } from './campaign.ts';
import { countsOf } from './figures.ts';

const DRAW_EVERY_MS = 250;
const SAY_EVERY_MS = 10_000;
const BAR_WIDTH = 30;

export interface Progress {
  end(): void;
}

export function showProgress(campaign: Campaign, output: NodeJS.WriteStream = process.stderr): Progress {
  const isTerminal = output.isTTY === true;
  let drawn = 0;
  const show = () => {
    const lines = linesOf(campaign, output.columns ?? 80);
    if (!isTerminal) {
      output.write(`${[lines[0], lines[1], lines[3]].join(' ')}\n`);
      return;
    }
    // Back to the first line of the last drawing, and over it.
    const back = drawn === 0 ? '' : `\u001B[${drawn}A`;
    output.write(`${back}${lines.map((line) => `\u001B[2K${line}\n`).join('')}`);
    drawn = lines.length;
  };
  show();
  const timer = setInterval(show, isTerminal ? DRAW_EVERY_MS : SAY_EVERY_MS);
  return {
    end() {
      clearInterval(timer);
      show();
    },
  };
}

function linesOf(campaign: Campaign, columns: number): string[] {
  const { options, strokes, told, violations, startedAt, phase } = campaign;
  const elapsedS = (Date.now() - startedAt) / 1_000;
  const done = Math.min(1, Math.max(elapsedS / (options.minutes * 60), strokes.length / options.faults));
  const filled = phase === 'settling' || phase === 'over' ? BAR_WIDTH : Math.floor(done * BAR_WIDTH);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`;
  const count = (key: string) => told.count(key);
  const kinds = Object.entries(countsOf(strokes.map(({ kind }) => kind)));
  return [
    `${bar} ${violations.count} violations, ${strokes.length} faults, ${phase}, ${Math.round(elapsedS)} s, seed ${options.seed}`,
    `holds ${count('hold 201')}, refused ${count('hold insufficient_stock')}, orders ${count('order 201')}, payments ${told.notices.length}, 503 ${count('hold unavailable') + count('order unavailable')}, holds lost ${count('order hold_lost')}`,
    kinds.map(([kind, times]) => `${kind} ${times}`).join(', '),
    violations.list.length === 0
      ? campaign.restless.join(', ')
      : `last: ${violations.list.at(-1)?.rule} ${violations.list.at(-1)?.says}`,
  ].map((line) => line.slice(0, columns - 1));
}
