/**
 * What a page of the documentation has its reader type.
 *
 * A fence says who can: `sh` is typed as it stands, `sh NEEDS` needs what a test machine has not. A step is some lines for
 * the shell; the lines below it that begin with `# → ` are to be found in what it says, and `…` stands for anything.
 */

export interface Step {
  /** In the page. */
  readonly line: number;
  readonly types: string;
  readonly sees: readonly string[];
}

interface Block {
  /** null: nothing, it is typed. */
  readonly needs: string | null;
  readonly steps: readonly Step[];
}

const SEES = '# → ';

/** What a reader types, however it is written. */
const TYPED = /^ *```(sh|bash|zsh|shell|console)\b/;

/** @throws for what would be passed over in silence */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const fence = /^( *)```sh(?: (\S+))?$/.exec(lines[at] ?? '');
    if (fence === null) {
      if (TYPED.test(lines[at] ?? '')) throw new Error(`line ${at + 1}: nobody types such a fence`);
      continue;
    }
    // Within a list it is indented.
    const [, indent = '', needs = null] = fence;
    const end = lines.indexOf(`${indent}\`\`\``, at);
    if (end < 0) throw new Error(`line ${at + 1}: the fence has no end`);
    const typed = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    blocks.push({ needs, steps: stepsOf(typed, at + 2) });
    at = end;
  }
  return blocks;
}

function stepsOf(lines: readonly string[], firstLine: number): Step[] {
  const steps: { line: number; types: string[]; sees: string[] }[] = [];
  for (const [index, text] of lines.entries()) {
    const last = steps.at(-1);
    if (text.startsWith(SEES)) {
      if (last === undefined) throw new Error(`line ${firstLine + index}: nothing was typed before it`);
      last.sees.push(text.slice(SEES.length));
    } else if (last !== undefined && last.sees.length === 0) last.types.push(text);
    else steps.push({ line: firstLine + index, types: [text], sees: [] });
  }
  return steps.map(({ line, types, sees }) => ({ line, types: types.join('\n'), sees }));
}
