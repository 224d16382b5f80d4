/** Grafana's dark theme. */

export const GROUND = '#111217';
export const PANEL = '#181b1f';
export const EDGE = '#2a2d33';
export const INK = '#ccccdc';
export const FAINT = '#9a9ba8';
export const ON_COLOUR = '#ffffff';

const NAMED: Readonly<Record<string, string>> = {
  green: '#73bf69',
  'light-green': '#96d98d',
  'dark-green': '#37872d',
  blue: '#5794f2',
  'light-blue': '#8ab8ff',
  'dark-blue': '#1f60c4',
  yellow: '#fade2a',
  'dark-yellow': '#e0b400',
  orange: '#ff9830',
  'dark-orange': '#fa6400',
  red: '#f2495c',
  'dark-red': '#c4162a',
  purple: '#b877d9',
  'light-purple': '#ca95e5',
  text: INK,
  transparent: 'none',
};

/** What series without a colour of their own get, one after the other. */
const CLASSIC = ['#7eb26d', '#eab839', '#6ed0e0', '#ef843c', '#1f78c1', '#ba43a9', '#705da0', '#508642'];

export function classic(index: number): string {
  return CLASSIC[index % CLASSIC.length] ?? INK;
}

/** @throws where a board has a colour that nobody drew yet */
export function colourOf(name: string): string {
  if (name.startsWith('#')) return name;
  const colour = NAMED[name];
  if (colour === undefined) throw new Error(`the colour ${name} cannot be drawn yet`);
  return colour;
}

/** White letters are read on it as well. */
export function darker(hex: string): string {
  const parts = [1, 3, 5].map((at) => Math.round(Number.parseInt(hex.slice(at, at + 2), 16) * 0.62));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
