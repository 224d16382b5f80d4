import { describe, expect, test } from 'bun:test';
import { copy, toolsFor } from './clipboard.ts';

const NOWHERE = { isOverSsh: false, isInsideTmux: false, hasWayland: false, hasX11: false };
const REMOTE = { ...NOWHERE, isOverSsh: true };

function copyRemotely(text: string): { said: string; written: string } {
  let written = '';
  const { says: said } = copy(text, REMOTE, (sequence) => (written += sequence));
  return { said, written };
}

describe('copying', () => {
  test('over SSH goes through the terminal', () => {
    const { said, written } = copyRemotely('Grüße');
    expect(written).toBe('\x1b]52;c;R3LDvMOfZQ==\x07');
    expect(said).toStartWith("Sent 7 bytes to the terminal's clipboard.");
  });

  test('of more than a terminal takes is refused, and nothing is written', () => {
    expect(copyRemotely('x'.repeat(74_994)).written).not.toBe('');
    expect(copyRemotely('x'.repeat(74_995))).toEqual({
      written: '',
      said: 'Not copied: 75 kB is more than a terminal takes (75 kB). Copy less, or read it from the API.',
    });
  });

  test('uses the tools in front of the operator only', () => {
    const x11 = { ...NOWHERE, hasX11: true };
    const names = (surroundings: typeof NOWHERE, platform: string) =>
      toolsFor(surroundings, platform).map(([name]) => name);
    expect(names(NOWHERE, 'linux')).toEqual([]);
    expect(names(NOWHERE, 'darwin')).toEqual(['pbcopy']);
    expect(names({ ...x11, hasWayland: true }, 'linux')).toEqual(['wl-copy', 'xclip']);
    expect(names({ ...x11, isInsideTmux: true }, 'linux')).toEqual(['xclip', 'tmux']);
    expect(names({ ...x11, isOverSsh: true, isInsideTmux: true }, 'linux')).toEqual(['tmux']);
  });
});
