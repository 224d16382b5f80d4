/** Where this is, how fresh it is, and whether the stores are well. */

import { EVENTS_HEARTBEAT_MS } from '@flash-sale/shared/limits.ts';
import { ago, timeOfDay, wholeTimeLeft } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { asManyAsFit, lineWidth, span, spread, type Line, type Span } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { ROOMS } from '../rooms/rooms.ts';
import type { Frame } from '../state/frames.ts';
import { isFresh, isOverviewFresh, type RoomName, type State } from '../state/state.ts';

export function headerLine(frame: Frame, width: number): Line {
  const { context, overview } = frame.state;
  const left: Line[] = [
    [
      span(` ${safe(context.name)} `, undefined, {
        color: context.color ?? undefined,
        inverse: true,
        bold: true,
      }),
    ],
    ...(context.isReadOnly ? [[span(`${GLYPHS.padlock} read-only`, 'warn')]] : []),
    ...linkWords(frame),
    ...(overview === null ? [] : storeWords(frame, overview.stores)),
  ];
  const { me } = frame.state;
  const who = me === null ? '' : `${safe(me.name)} (${me.role})  `;
  const right = [span(width < 100 ? '' : who, 'dim'), span(`${timeOfDay(frame.nowMs).slice(0, 5)} `)];
  return spread(asManyAsFit(left, width - lineWidth(right) - 1), right, width);
}

/** The word comes before the age: it is what is kept on a narrow screen. */
function linkWords({ state, localMs }: Frame): Line[] {
  const { link } = state;
  const word = linkWord(state, localMs);
  if (link.heardAtMs === null || link.kind === 'refused') return [[word]];
  const isFine = word.tone === 'good';
  // Up to a heartbeat's age it is not worth a second hand: a quiet screen is not drawn at all.
  const ageMs = localMs - link.heardAtMs;
  const age = ageMs < EVENTS_HEARTBEAT_MS + GRACE_MS ? 'now' : ago(ageMs);
  return [[word], [span(`heard ${age}`, isFine ? 'dim' : 'warn')]];
}

/** A heartbeat takes a moment to arrive. */
const GRACE_MS = 1_000;

function linkWord(state: State, localMs: number): Span {
  switch (state.link.kind) {
    case 'live':
      return isFresh(state, localMs)
        ? span(`${GLYPHS.live} live`, 'good')
        : span(`${GLYPHS.stale} stale`, 'warn');
    case 'connecting':
      return span(`${GLYPHS.stale} connecting`, 'warn');
    case 'refused':
      return span(`${GLYPHS.no} refused`, 'warn');
  }
}

function storeWords({ state, localMs }: Frame, stores: NonNullable<State['overview']>['stores']): Line[] {
  if (!isOverviewFresh(state, localMs)) {
    return [[span(`! stores silent for ${wholeTimeLeft(localMs - state.overviewAtMs)}`, 'warn')]];
  }
  const store = (name: string, { answers, milliseconds }: typeof stores.redis): Line => [
    span(`${answers ? GLYPHS.ok : GLYPHS.no} ${name} `, answers ? 'good' : 'warn'),
    span(answers ? latency(milliseconds ?? 0) : 'away', answers ? 'dim' : 'warn'),
  ];
  const { clock_skew_ms: skewMs, faults } = stores;
  return [
    store('Redis', stores.redis),
    store('SQL', stores.sql),
    ...(faults.length === 0 ? [] : [[span(`! ${faults.map(safe).join('; ')}`, 'warn')]]),
    ...(skewMs === null || Math.abs(skewMs) < SKEW_TOLD_MS ? [] : [[span(`skew ${skewMs} ms`, 'warn')]]),
  ];
}

/** Clocks that are read one after the other differ by some milliseconds. */
const SKEW_TOLD_MS = 50;
const LATENCIES_MS = [5, 10, 25, 50, 100, 250, 500] as const;

/** In steps: what jitters from look to look is not worth a drawing. */
function latency(ms: number): string {
  const bound = LATENCIES_MS.find((step) => ms < step);
  return bound === undefined ? `${Math.round(ms)} ms` : `<${bound} ms`;
}

export function tabsLine(state: State, width: number): Line {
  return tabLines(state, width).flatMap(({ line }) => line);
}

export interface Tab {
  readonly name: RoomName;
  readonly line: Line;
}

/** The tabs, side by side; where they do not fit, only the one that is open has its title. */
export function tabLines(state: State, width: number): Tab[] {
  const wide = ROOMS.map((room, index): Tab => {
    const isHere = room.name === state.room;
    const badge = room.badge?.(state) ?? '';
    const line = [
      span(` ${index + 1} ${room.title}`, isHere ? 'accent' : 'dim', { bold: isHere, inverse: isHere }),
      span(badge === '' ? ' ' : ` ${badge} `, isHere ? 'accent' : undefined, { inverse: isHere }),
    ];
    return { name: room.name, line };
  });
  const needed = wide.reduce((sum, { line }) => sum + lineWidth(line), 0);
  if (needed <= width) return wide;
  return ROOMS.map(({ name, title }, index): Tab => {
    const isHere = name === state.room;
    const text = isHere ? ` ${index + 1} ${title} ` : ` ${index + 1} `;
    return { name, line: [span(text, isHere ? 'accent' : 'dim', { inverse: isHere })] };
  });
}
