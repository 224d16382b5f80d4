/** A rehearsal over time, as an SVG that needs nothing else. */

import type { Second } from './figures.ts';
import type { Report } from './report.ts';

const WIDTH = 860;
const PLOT = { left: 64, width: 760, height: 130, gap: 56, top: 48 };

interface Curve {
  readonly name: string;
  readonly color: string;
  readonly value: (second: Second) => number;
}

const PANELS: readonly {
  readonly title: string;
  readonly unit: string;
  readonly curves: readonly Curve[];
}[] = [
  {
    title: 'Buyers per second',
    unit: '',
    curves: [
      { name: 'came', color: '#3b82f6', value: ({ arrived }) => arrived },
      { name: 'turned away', color: '#9ca3af', value: ({ turned_away }) => turned_away },
    ],
  },
  {
    title: 'Reached per second',
    unit: '',
    curves: [
      { name: 'held', color: '#d97706', value: ({ held }) => held },
      { name: 'ordered', color: '#a855f7', value: ({ ordered }) => ordered },
      { name: 'paid', color: '#2563eb', value: ({ paid }) => paid },
    ],
  },
  {
    title: 'A hold took',
    unit: ' ms',
    curves: [
      { name: 'p50', color: '#059669', value: ({ hold_p50 }) => hold_p50 },
      { name: 'p99', color: '#dc2626', value: ({ hold_p99 }) => hold_p99 },
    ],
  },
];

export function chartOf({ by_second: seconds, buyers, units, passed }: Report): string {
  const height = PLOT.top + PANELS.length * (PLOT.height + PLOT.gap);
  const title = `${buyers} buyers for ${units} units: ${passed ? 'passed' : 'failed'}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${title}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    '<g font-family="system-ui, sans-serif" font-size="12" fill="#374151">',
    `<text x="${PLOT.left}" y="24" font-size="16" font-weight="600">${title}</text>`,
    ...PANELS.flatMap((panel, index) => panelOf(panel, seconds, PLOT.top + index * (PLOT.height + PLOT.gap))),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function panelOf({ title, unit, curves }: (typeof PANELS)[number], seconds: readonly Second[], top: number) {
  const most = Math.max(1, ...curves.flatMap(({ value }) => seconds.map(value)));
  const { left, width, height } = PLOT;
  const step = width / Math.max(1, seconds.length);
  const y = (value: number) => (top + height - (value / most) * height).toFixed(1);
  const bottom = top + height;
  const legend = curves.map(
    ({ name, color }, index) =>
      `<text x="${left + 150 + index * 110}" y="${top - 6}" fill="${color}">&#9632; ${name}</text>`,
  );
  // Steps: a second is a sum, and nothing is known in between.
  const lines = curves.map(({ color, value }) => {
    const points = seconds.map((second, index) => {
      const [from, to] = [left + index * step, left + (index + 1) * step];
      return `${from.toFixed(1)},${y(value(second))} ${to.toFixed(1)},${y(value(second))}`;
    });
    return `<polyline fill="none" stroke="${color}" stroke-width="2" points="${points.join(' ')}"/>`;
  });
  return [
    `<text x="${left}" y="${top - 6}" font-weight="600">${title}</text>`,
    ...legend,
    `<path d="M${left} ${top}V${bottom}H${left + width}" fill="none" stroke="#9ca3af"/>`,
    `<text x="${left - 6}" y="${top + 10}" text-anchor="end">${Math.round(most)}${unit}</text>`,
    `<text x="${left - 6}" y="${bottom}" text-anchor="end">0</text>`,
    `<text x="${left + width}" y="${bottom + 16}" text-anchor="end">${seconds.length} s</text>`,
    ...lines,
  ];
}
