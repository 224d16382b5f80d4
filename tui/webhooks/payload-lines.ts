/** JSON as it was received, laid out. It is not parsed: numbers, escapes and names that stand twice stay what they are. */

import { span, type Line, type Span } from '../look/span.ts';
import { safe, safeLines } from '../look/text.ts';

const TOKEN = /"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+|"/gs;

/** A text from outside, cut into lines where it is long. */
export function rawLines(body: string, width: number): Line[] {
  return safeLines(body).flatMap((text) => pieces(text, width).map((line): Line => [span(line)]));
}

/** Nothing is lost where it is cut, blanks neither. */
function pieces(text: string, width: number): string[] {
  return Bun.wrapAnsi(text, width, { hard: true, trim: false, wordWrap: false }).split('\n');
}

let latest: { body: string; width: number; lines: readonly Line[] } | undefined;

/** What is no JSON is laid out as far as it looks like it. Drawn often, and worked out once. */
export function payloadLines(body: string, width: number): readonly Line[] {
  if (latest?.body !== body || latest.width !== width) latest = { body, width, lines: laidOut(body, width) };
  return latest.lines;
}

function laidOut(body: string, width: number): Line[] {
  const lines: Span[][] = [];
  let line: Span[] = [];
  let depth = 0;
  const end = () => {
    if (line.length > 0) lines.push(line);
    line = depth === 0 ? [] : [span('  '.repeat(depth))];
  };
  const tokens = body.match(TOKEN) ?? [];
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    if (token === '}' || token === ']') {
      depth = Math.max(0, depth - 1);
      if (!isOpening(tokens[index - 1])) end();
    }
    line.push(token === ':' ? span(': ') : spanOf(token, next));
    if (token === ',') end();
    if (!isOpening(token)) continue;
    depth += 1;
    if (next !== '}' && next !== ']') end();
  }
  depth = 0;
  end();
  return lines.flatMap((one) => wrapped(one, width));
}

function isOpening(token: string | undefined): boolean {
  return token === '{' || token === '[';
}

function spanOf(token: string, next: string | undefined): Span {
  const text = safe(token);
  if (next === ':') return span(text, 'accent');
  if (token.startsWith('"')) return span(text);
  return /^[{}[\],]$/.test(token) ? span(text, 'dim') : span(text, 'held');
}

/** A long value goes on below, under itself. */
function wrapped(line: Span[], width: number): Line[] {
  const value = line.findLastIndex(({ text }) => !/^[\]},]$/.test(text));
  const before = line.slice(0, value).reduce((sum, { text }) => sum + text.length, 0);
  const long = line[value];
  if (long === undefined || before + long.text.length < width) return [line];
  const cut = pieces(long.text, Math.max(10, width - before - 2));
  return cut.map((text, index): Line => {
    const piece = { ...long, text };
    if (index === 0) return [...line.slice(0, value), piece];
    const rest = index === cut.length - 1 ? line.slice(value + 1) : [];
    return [span(' '.repeat(before)), piece, ...rest];
  });
}
