/** Grafana's dark theme. */

export const GROUND = '#111217';
export const PANEL = '#181b1f';
export const EDGE = '#2a2d33';
export const INK = '#ccccdc';
export const FAINT = '#9a9ba8';
export const ON_COLOUR = '#ffffff';

const HUES = {
  red: ['#c4162a', '#e02f44', '#f2495c', '#ff7383', '#ffa6b0'],
  orange: ['#fa6400', '#ff780a', '#ff9830', '#ffb357', '#ffcb7d'],
  yellow: ['#e0b400', '#f2cc0c', '#fade2a', '#ffee52', '#fff899'],
  green: ['#37872d', '#56a64b', '#73bf69', '#96d98d', '#c8f2c2'],
  blue: ['#1f60c4', '#3274d9', '#5794f2', '#8ab8ff', '#c0d8ff'],
  purple: ['#8f3bb8', '#a352cc', '#b877d9', '#ca95e5', '#deb6f2'],
};
const SHADES = ['dark-', 'semi-dark-', '', 'light-', 'super-light-'];

const NAMED = new Map([
  ['text', INK],
  // No ground, so plain letters.
  ['transparent', INK],
  ...Object.entries(HUES).flatMap(([hue, shades]) =>
    shades.map((colour, index) => [`${SHADES[index]}${hue}`, colour] as const),
  ),
]);

/** What series without a colour of their own get, one after the other. */
const CLASSIC = ['#7eb26d', '#eab839', '#6ed0e0', '#ef843c', '#1f78c1', '#ba43a9', '#705da0', '#508642'];

export function classic(index: number): string {
  return CLASSIC[index % CLASSIC.length] ?? INK;
}

/** @throws where a board has a colour that nobody drew yet */
export function colourOf(name: string): string {
  const colour = NAMED.get(name);
  if (colour === undefined) throw new Error(`the colour ${name} cannot be drawn yet`);
  return colour;
}

/** White letters are read on it as well. */
export function darker(hex: string): string {
  const parts = [1, 3, 5].map((at) => Math.round(Number.parseInt(hex.slice(at, at + 2), 16) * 0.62));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
