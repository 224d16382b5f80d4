/** Copies to the operator's clipboard, which over SSH is on another machine than this program. */

/** xterm's bound, the smallest of the common ones: an escape sequence of 100,000 bytes. */
const OSC_52_BYTES_MAX = 74_994;
const TOOL_TIMEOUT_MS = 2_000;

/** Where the program runs, as its environment tells. */
export interface Surroundings {
  readonly isOverSsh: boolean;
  readonly isInsideTmux: boolean;
  readonly hasWayland: boolean;
  readonly hasX11: boolean;
}

export interface Copied {
  readonly isCopied: boolean;
  readonly says: string;
}

/** Says what happened, for the operator to read. */
export function copy(
  text: string,
  surroundings: Surroundings,
  write: (text: string) => unknown = (sequence) => process.stdout.write(sequence),
): Copied {
  const tool = toolsFor(surroundings).find(([name]) => Bun.which(name) !== null);
  if (tool && isTakenBy(tool, text)) return { isCopied: true, says: `Copied ${size(text)} with ${tool[0]}.` };
  const bytes = Buffer.from(text);
  if (bytes.length > OSC_52_BYTES_MAX) {
    const says = `Not copied: ${size(text)} is more than a terminal takes (75 kB). Copy less, or read it from the API.`;
    return { isCopied: false, says };
  }
  write(`\x1b]52;c;${bytes.toString('base64')}\x07`);
  const says = `Sent ${size(text)} to the terminal's clipboard. If it did not arrive, your terminal does not allow OSC 52.`;
  return { isCopied: true, says };
}

/** Tools that reach the clipboard in front of the operator, best first. tmux hands on to the outer terminal. */
export function toolsFor(
  surroundings: Surroundings,
  platform: string = process.platform,
): [string, ...string[]][] {
  const tools: [string, ...string[]][] = [];
  if (!surroundings.isOverSsh && platform === 'darwin') tools.push(['pbcopy']);
  if (!surroundings.isOverSsh && surroundings.hasWayland) tools.push(['wl-copy']);
  if (!surroundings.isOverSsh && surroundings.hasX11) tools.push(['xclip', '-selection', 'clipboard']);
  // Its default, `set-clipboard external`, throws OSC 52 of programs away, but not this.
  if (surroundings.isInsideTmux) tools.push(['tmux', 'load-buffer', '-w', '-']);
  return tools;
}

function isTakenBy(tool: [string, ...string[]], text: string): boolean {
  // Not piped: xclip stays behind to serve the clipboard, and a pipe would wait for it.
  const streams = { stdin: Buffer.from(text), stdout: 'ignore', stderr: 'ignore' } as const;
  return Bun.spawnSync(tool, { ...streams, timeout: TOOL_TIMEOUT_MS }).success;
}

function size(text: string): string {
  const bytes = Buffer.byteLength(text);
  return bytes < 1000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} kB`;
}
