/** Where this is, how fresh it is, and whether the stores are well. */

import { ago, timeOfDay } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { asManyAsFit, span, spread, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { ROOMS } from '../rooms/rooms.ts';
import type { Frame } from '../state/frames.ts';
import { isFresh, type State } from '../state/state.ts';

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
    linkWords(frame),
    ...(overview === null ? [] : storeWords(overview.stores)),
  ];
  const who = frame.state.me === null ? '' : `${frame.state.me.name} (${frame.state.me.role})  `;
  const right = [span(width < 100 ? '' : who, 'dim'), span(`${timeOfDay(frame.nowMs)} `)];
  return spread(asManyAsFit(left, width - 10), right, width);
}

function linkWords({ state, localMs }: Frame): Line {
  const { link } = state;
  const ageMs = link.heardAtMs === null ? null : localMs - link.heardAtMs;
  const age = ageMs === null ? '' : `, heard ${ago(ageMs)}`;
  switch (link.kind) {
    case 'live':
      return isFresh(state, localMs)
        ? [span(`${GLYPHS.live} live`, 'good'), span(age, 'dim')]
        : [span(`${GLYPHS.stale} stale`, 'warn'), span(age, 'warn')];
    case 'connecting':
      return [span(`${GLYPHS.stale} connecting`, 'warn'), span(age, 'warn')];
    case 'refused':
      return [span(`${GLYPHS.no} refused`, 'warn')];
  }
}

function storeWords(stores: NonNullable<State['overview']>['stores']): Line[] {
  const store = (name: string, { answers, milliseconds }: typeof stores.redis): Line => [
    span(`${answers ? GLYPHS.ok : GLYPHS.no} ${name} `, answers ? 'good' : 'warn'),
    span(answers ? `${(milliseconds ?? 0).toFixed(1)} ms` : 'away', answers ? 'dim' : 'warn'),
  ];
  const { clock_skew_ms: skewMs, faults } = stores;
  return [
    store('Redis', stores.redis),
    store('SQL', stores.sql),
    ...(faults.length === 0 ? [] : [[span(`! ${faults.map(safe).join('; ')}`, 'warn')]]),
    ...(skewMs === null ? [] : [[span(`skew ${skewMs} ms`, 'dim')]]),
  ];
}

export function tabsLine(state: State, width: number): Line {
  const tabs = ROOMS.map((room, index): Line => {
    const isHere = room.name === state.room;
    const badge = room.badge?.(state) ?? '';
    const title = ` ${index + 1} ${room.title}`;
    return [
      span(title, isHere ? 'accent' : 'dim', { bold: isHere, inverse: isHere }),
      span(badge === '' ? ' ' : ` ${badge} `, isHere ? 'accent' : undefined, { inverse: isHere }),
    ];
  });
  const narrow = ROOMS.map(({ name, title }, index): Line => {
    const isHere = name === state.room;
    return [
      span(isHere ? ` ${index + 1} ${title} ` : ` ${index + 1} `, isHere ? 'accent' : 'dim', {
        inverse: isHere,
      }),
    ];
  });
  const wide = tabs.flat();
  const needed = wide.reduce((sum, { text }) => sum + text.length, 0);
  return needed <= width ? wide : narrow.flat();
}
