/** Curves as an SVG that needs nothing else: panels one below the other, and in a line what they were measured on. */

interface Axis {
  readonly label: string;
  readonly isLog: boolean;
}

interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly title: string;
  readonly y: Axis;
  readonly curves: readonly Curve[];
  /** What is asked for, as a line across. */
  readonly asked?: { readonly at: number; readonly says: string };
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly panels: readonly Panel[];
}

/** A plot, and what was measured for it. */
export interface Curves extends Plot {
  /** What the pictures do not show. */
  readonly figures: unknown;
  /** Figures with what is asked for, in words. */
  readonly says: readonly string[];
}

const WIDTH = 860;
const AREA = { left: 76, width: 748, height: 180, top: 92, gap: 84 };
/** Told apart by their dashes too. */
const STYLES = [
  { color: '#2563eb', dash: '' },
  { color: '#6b7280', dash: '6 3' },
  { color: '#d97706', dash: '2 3' },
  { color: '#059669', dash: '9 3 2 3' },
] as const;
const TICKS = 5;

/** @param measuredOn date and machine */
export function plotOf({ title, x, panels }: Plot, measuredOn: string): string {
  const height = AREA.top + panels.length * (AREA.height + AREA.gap);
  // One for all, so that what is one below the other belongs together.
  const across = scaleOf(
    x,
    panels.flatMap((panel) => valuesOf(panel, 0)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    '<g font-family="system-ui, sans-serif" font-size="12" fill="#374151">',
    `<text x="${AREA.left}" y="26" font-size="16" font-weight="600">${escaped(title)}</text>`,
    `<text x="${AREA.left}" y="46" fill="#6b7280">${escaped(measuredOn)}</text>`,
    ...panels.flatMap((panel, index) =>
      panelOf(panel, x, across, AREA.top + index * (AREA.height + AREA.gap)),
    ),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const valuesOf = ({ curves }: Panel, of: 0 | 1): number[] =>
  curves.flatMap(({ points }) => points.map((point) => point[of]));

function panelOf(panel: Panel, x: Axis, across: Scale, top: number): string[] {
  const { title, y, curves, asked } = panel;
  const { left, width, height } = AREA;
  const bottom = top + height;
  const up = scaleOf(y, [...valuesOf(panel, 1), ...(asked === undefined ? [] : [asked.at])]);
  const xOf = (value: number) => (left + across.place(value) * width).toFixed(1);
  const yOf = (value: number) => (bottom - up.place(value) * height).toFixed(1);
  const line = asked && [
    `<path d="M${left} ${yOf(asked.at)}H${left + width}" stroke="#dc2626" stroke-dasharray="4 4"/>`,
    `<text x="${left + width}" y="${Number(yOf(asked.at)) - 4}" text-anchor="end" fill="#dc2626">${escaped(asked.says)}</text>`,
  ];
  return [
    `<text x="${left}" y="${top - 26}" font-weight="600">${escaped(`${title}, ${y.label}`)}</text>`,
    ...curves.flatMap((curve, index) => legendOf(curve, index, top)),
    ...up.ticks.map((tick) => `<path d="M${left} ${yOf(tick)}H${left + width}" stroke="#e5e7eb"/>`),
    ...up.ticks.map(
      (tick) => `<text x="${left - 6}" y="${Number(yOf(tick)) + 4}" text-anchor="end">${short(tick)}</text>`,
    ),
    ...across.ticks.map(
      (tick) => `<text x="${xOf(tick)}" y="${bottom + 16}" text-anchor="middle">${short(tick)}</text>`,
    ),
    `<text x="${left + width}" y="${bottom + 34}" text-anchor="end">${escaped(x.label)}</text>`,
    `<path d="M${left} ${top}V${bottom}H${left + width}" fill="none" stroke="#9ca3af"/>`,
    ...(line ?? []),
    ...curves.flatMap((curve, index) => curveOf(curve, index, xOf, yOf)),
  ];
}

const styleOf = (index: number) => STYLES[index % STYLES.length] ?? STYLES[0];

function legendOf({ name }: Curve, index: number, top: number): string[] {
  const { color, dash } = styleOf(index);
  const x = AREA.left + index * 190;
  return [
    `<path d="M${x} ${top - 11}h24" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>`,
    `<text x="${x + 30}" y="${top - 7}" fill="${color}">${escaped(name)}</text>`,
  ];
}

/** Points are marked while they are few enough to be told apart. */
const MARKED_MAX = 20;

type Place = (value: number) => string;

function curveOf({ points }: Curve, index: number, xOf: Place, yOf: Place): string[] {
  const { color, dash } = styleOf(index);
  const path = points.map(([x, y]) => `${xOf(x)},${yOf(y)}`).join(' ');
  const marks = points.length > MARKED_MAX ? [] : points;
  return [
    `<polyline fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}" points="${path}"/>`,
    ...marks.map(([x, y]) => `<circle cx="${xOf(x)}" cy="${yOf(y)}" r="3" fill="${color}"/>`),
  ];
}

interface Scale {
  /** 0 to 1. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

/** From nought, or over whole powers of ten. */
function scaleOf({ isLog }: Axis, values: readonly number[]): Scale {
  const most = Math.max(...values, isLog ? 10 : Number.MIN_VALUE);
  if (!isLog) {
    const least = Math.min(0, ...values);
    const span = most - least;
    const step = roundStep(span / (TICKS - 1));
    const first = Math.ceil(least / step) * step;
    const count = Math.floor((most - first) / step) + 1;
    const ticks = Array.from({ length: count }, (_, index) => first + index * step);
    return { place: (value) => (value - least) / span, ticks };
  }
  const from = Math.floor(Math.log10(Math.max(Math.min(...values), 0.01)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  return {
    place: (value) => (Math.log10(Math.max(value, 10 ** from)) - from) / (to - from),
    ticks: Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index)),
  };
}

/** 1, 2 or 5 and noughts. */
function roundStep(about: number): number {
  const power = 10 ** Math.floor(Math.log10(about));
  return power * ([1, 2, 5].find((digit) => digit * power >= about) ?? 10);
}

function short(value: number): string {
  if (Math.abs(value) >= 1_000_000) return `${Number((value / 1_000_000).toFixed(2))} M`;
  if (Math.abs(value) >= 1_000) return `${Number((value / 1_000).toFixed(2))} k`;
  return String(Number(value.toFixed(2)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
