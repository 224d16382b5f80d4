/** A screen as a picture: what tmux captured, with its colours. */

import type { IBufferCell } from '@xterm/headless';
import { openEmulator, settled, type Size } from './emulator.ts';

const CELL = { width: 8.4, height: 18 };
const BORDER = 12;
const GROUND = '#11151c';
const INK = '#d6dbe4';
/** The 16 colours of a terminal, calm ones. */
const PALETTE = [
  '#11151c',
  '#e5484d',
  '#5bb98c',
  '#e2b341',
  '#5b8def',
  '#c586e0',
  '#4cb8c4',
  '#d6dbe4',
  '#6b7280',
  '#ff6369',
  '#7ad6a8',
  '#f0c75e',
  '#7aa8ff',
  '#d9a3f0',
  '#6fd3de',
  '#ffffff',
];

/** @param captured lines with escape sequences */
export async function svgOf(captured: string, { columns, rows }: Size, title: string): Promise<string> {
  const emulator = openEmulator({ columns, rows });
  emulator.write(captured.trimEnd().replaceAll('\n', '\r\n'));
  await settled(emulator);
  const width = Math.round(columns * CELL.width + 2 * BORDER);
  const height = rows * CELL.height + 2 * BORDER;
  const texts: string[] = [];
  for (let row = 0; row < rows; row += 1) texts.push(...rowTexts(emulator, row));
  emulator.dispose();
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${GROUND}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** Neighbours that look the same are one text. */
function rowTexts(emulator: ReturnType<typeof openEmulator>, row: number): string[] {
  const line = emulator.buffer.active.getLine(row);
  const texts: string[] = [];
  let run = { at: 0, text: '', look: '' };
  const end = () => {
    if (run.look !== '' && (run.text.trim() !== '' || run.look.includes('ground'))) {
      texts.push(textAt(run, row));
    }
  };
  for (let column = 0; column < emulator.cols; column += 1) {
    const cell = line?.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const look = lookOf(cell);
    if (look !== run.look) {
      end();
      run = { at: column, text: '', look };
    }
    run.text += cell.getChars() || ' ';
  }
  end();
  return texts;
}

function textAt({ at, text, look }: { at: number; text: string; look: string }, row: number): string {
  const { fill, ground, isBold, isDim } = JSON.parse(look) as Look;
  const cells = (count: number) => (count * CELL.width).toFixed(1);
  const y = BORDER + row * CELL.height;
  const left = BORDER + at * CELL.width;
  const behind =
    ground === undefined
      ? ''
      : `<rect x="${left.toFixed(1)}" y="${y}" width="${cells(Bun.stringWidth(text))}" height="${CELL.height}" fill="${ground}"/>`;
  // Blanks at both ends are a matter of place, and those in between must not be taken for one.
  const seen = text.trim();
  if (seen === '') return behind;
  const x = (left + text.indexOf(seen) * CELL.width).toFixed(1);
  const weight = isBold ? ' font-weight="bold"' : '';
  const opacity = isDim ? ' opacity="0.6"' : '';
  const shown = escaped(seen).replaceAll(' ', '\u00a0');
  return `${behind}<text x="${x}" y="${y + 14}" textLength="${cells(Bun.stringWidth(seen))}" fill="${fill}"${weight}${opacity}>${shown}</text>`;
}

interface Look {
  readonly fill: string;
  readonly ground?: string;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

function lookOf(cell: IBufferCell): string {
  const front = cell.isFgPalette() ? (PALETTE[cell.getFgColor()] ?? INK) : INK;
  const back = cell.isBgPalette() ? PALETTE[cell.getBgColor()] : undefined;
  const isInverse = cell.isInverse() !== 0;
  const look: Look = {
    fill: isInverse ? (back ?? GROUND) : front,
    ...(isInverse ? { ground: front } : back === undefined ? {} : { ground: back }),
    isBold: cell.isBold() !== 0,
    isDim: cell.isDim() !== 0,
  };
  return JSON.stringify(look);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
