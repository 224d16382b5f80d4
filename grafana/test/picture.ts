/** The operator's board as the README shows it: a real rehearsal, watched by a real Prometheus, drawn by us. */

import { join } from 'node:path';
import type { Shown } from '../picture/field.ts';
import { drawBoard } from '../picture/board-picture.ts';
import { panelsOf, readBoards, shownIn } from './boards.ts';
import { startInstallation } from './installation.ts';

const FILE = join(import.meta.dir, '../picture/operator.svg');
const CROWD = { buyers: 3_000, units: 750, lengthMs: 40_000 };
const BEFORE_S = 4;

const board = readBoards().find(({ uid }) => uid === 'flashsale-operator');
if (board === undefined) throw new Error("the operator's board is missing");

const installation = await startInstallation();
try {
  const { prometheus } = installation;
  const opensAt = new Date();
  const report = await installation.rehearse(CROWD);
  const broken = report.checks.filter(({ passed }) => !passed);
  if (broken.length > 0) throw new Error(`the rehearsal failed: ${JSON.stringify(broken)}`);
  // When it is over, its figures are gone: the picture is of its last moment.
  const live = 'min(flashsale_sale_state{state="live"}) == 1';
  const [seen] = await prometheus.queryRange(live, { from: opensAt, to: new Date(), stepS: 1 });
  const [first, last] = [seen?.points.at(0)?.[0], seen?.points.at(-1)?.[0]];
  if (first === undefined || last === undefined) throw new Error('nobody saw the sale');
  const time = { from: first - BEFORE_S, to: last };
  const ends = { from: new Date(time.from * 1_000), to: new Date(time.to * 1_000) };
  const pages = await prometheus.query('ALERTS{alertstate="firing",severity="page"}', ends.to);
  const names = pages.map(({ labels }) => labels['alertname']).join(', ');
  if (names !== '') throw new Error(`this machine is too busy for a picture: ${names}`);
  const shown = new Map<string, Shown[]>();
  for (const panel of panelsOf(board)) shown.set(panel.title, await shownIn(prometheus, board, panel, ends));
  const svg = drawBoard(board, {
    time,
    shownIn: ({ title }) => shown.get(title) ?? [],
    caption: `A rehearsal: ${CROWD.buyers.toLocaleString('en')} buyers, ${CROWD.units.toLocaleString('en')} units`,
  });
  await Bun.write(FILE, svg);
} finally {
  await installation.close();
}
