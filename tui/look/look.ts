/** What tones and signs look like. State is told by a word or a sign as well: colours only help. */

import type { Tone } from './span.ts';

/** One cell each, in every terminal: no emoji. */
export const GLYPHS = {
  /** Parts of a filled cell, from least to most. */
  eighths: ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
  levels: [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  available: '░',
  held: '▒',
  ordered: '▓',
  paid: '█',
  returning: '↑',
  /** Units of which nobody can tell where they are. */
  unknown: '·',
  pointer: '▌',
  mark: '●',
  up: '▲',
  down: '▼',
  live: '●',
  stale: '○',
  padlock: '⊘',
  ok: '✓',
  no: '×',
  rule: '─',
  bar: '│',
  corners: { topLeft: '╭', topRight: '╮', bottomLeft: '╰', bottomRight: '╯' },
} as const;

/** What takes the place of our signs where only ASCII is sure to be shown, cell for cell. */
const PLAIN: Readonly<Record<string, string>> = {
  '▏': '-',
  '▎': '-',
  '▍': '-',
  '▌': '>',
  '▋': '=',
  '▊': '=',
  '▉': '=',
  '█': '#',
  '▁': '.',
  '▂': '.',
  '▃': ':',
  '▄': ':',
  '▅': '-',
  '▆': '=',
  '▇': '+',
  '░': '.',
  '▒': 'h',
  '▓': 'o',
  '●': '*',
  '○': 'o',
  '▲': '^',
  '▼': 'v',
  '⊘': '!',
  '✓': '+',
  '×': 'x',
  '─': '-',
  '│': '|',
  '╭': '+',
  '╮': '+',
  '╰': '+',
  '╯': '+',
  '…': '~',
  '→': '>',
  '←': '<',
  '↑': '^',
  '↓': 'v',
  '·': '-',
};

const BEYOND_ASCII = /[^\x20-\x7e]/gu;

/** As wide as the text, in ASCII alone. What has no likeness is a question mark per cell. */
export function asciiOf(text: string): string {
  return text.replaceAll(BEYOND_ASCII, (sign) => PLAIN[sign] ?? '?'.repeat(Bun.stringWidth(sign)));
}

export interface Paint {
  readonly color?: string;
  readonly dimColor?: boolean;
  readonly bold?: boolean;
}

const PAINTS: Readonly<Record<Tone, Paint>> = {
  dim: { dimColor: true },
  accent: { color: 'cyan' },
  good: { color: 'green' },
  warn: { color: 'yellow' },
  alarm: { color: 'red', bold: true },
  available: { color: 'green' },
  held: { color: 'yellow' },
  ordered: { color: 'magenta' },
  // Sold is what a sale is for: blue, never red.
  paid: { color: 'blueBright' },
};

export function paintOf(tone: Tone | undefined): Paint {
  return tone === undefined ? {} : PAINTS[tone];
}
