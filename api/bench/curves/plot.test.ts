import { describe, expect, test } from 'bun:test';
import { measuredOn } from './curves.ts';
import { plotOf, type Plot } from './plot.ts';

const plot: Plot = {
  title: 'Holds & more',
  x: { label: 'connections', isLog: true },
  panels: [
    {
      title: 'Holds',
      y: { label: 'per second', isLog: false },
      curves: [
        {
          name: 'API',
          points: [
            [1, 0],
            [100, 2_000],
          ],
        },
        { name: 'bare', points: [[10, 4_000]] },
      ],
      asked: { at: 8_000, says: 'at most 8 k' },
    },
    { title: 'p99', y: { label: 'milliseconds', isLog: true }, curves: [{ name: 'API', points: [[10, 5]] }] },
  ],
};

/** Of elements with this tag, these attributes. */
function elements(svg: string, tag: string, ...attributes: string[]): string[][] {
  return [...svg.matchAll(new RegExp(`<${tag}\\b[^>]*>`, 'g'))].map(([element]) =>
    attributes.map((attribute) => new RegExp(`\\b${attribute}="([^"]*)"`).exec(element)?.[1] ?? ''),
  );
}

describe('a plot', () => {
  const svg = plotOf(plot, 'on a machine');

  test('is well-formed, and escapes what it is given', () => {
    expect(svg).toContain('<title>Holds &amp; more</title>');
    const opened = svg.match(/<[a-z]+\b[^>]*(?<!\/)>/g)?.length;
    expect(svg.match(/<\/[a-z]+>/g)?.length).toBe(opened);
  });

  test('puts points where they belong: powers of ten across, up from nought to what is most', () => {
    const [first = '', second = ''] = elements(svg, 'polyline', 'points').flat();
    // 76 to 824 across; from 272 up to 92, which is 8,000.
    expect(first).toBe('76.0,272.0 824.0,227.0');
    expect(second).toBe('450.0,182.0');
    expect(elements(svg, 'circle', 'cx', 'cy')).toContainEqual(['450.0', '182.0']);
  });

  test('has the same axis across in all panels', () => {
    const [, , ofPanelTwo = ''] = elements(svg, 'polyline', 'points').flat();
    expect(ofPanelTwo).toStartWith('450.0,');
  });

  test('tells curves apart by name and dashes, and says what is asked for', () => {
    const dashes = elements(svg, 'polyline', 'stroke-dasharray').flat();
    expect(new Set(dashes.slice(0, 2)).size).toBe(2);
    for (const words of ['>API<', '>bare<', '>at most 8 k<', '>on a machine<', '>connections<']) {
      expect(svg).toContain(words);
    }
  });

  test('has round ticks', () => {
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    for (const tick of ['0', '2 k', '4 k', '6 k', '8 k', '1', '10', '100']) expect(texts).toContain(tick);
  });

  test('of one value at nought has places for all that', () => {
    const flat = plotOf(
      {
        title: 'a',
        x: { label: 'b', isLog: false },
        panels: [{ title: 'c', y: { label: 'd', isLog: false }, curves: [{ name: 'e', points: [[0, 0]] }] }],
      },
      '',
    );
    expect(flat).not.toContain('NaN');
    expect(flat).not.toContain('Infinity');
  });
});

test('a picture says when and on what it was measured', () => {
  const machine = { cpu: 'Abacus', cores: 2, memoryGb: 4, system: 'linux', loadBefore: 0.104 };
  expect(measuredOn({ date: '2026-11-26T10:00:00.000Z', machine, versions: { Bun: '1.4.5' } })).toBe(
    '2026-11-26, 2 cores of Abacus, Bun 1.4.5, load average 0.10 before',
  );
});
