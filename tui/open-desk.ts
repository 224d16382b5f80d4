/** Puts the desk together: the state, the API, the stream of events, and what the rooms make of them. */

import {
  EVENTS_SILENCE_MS,
  EVENTS_TOLD_EVERY_MS,
  OVERVIEW_READ_EVERY_MS,
  TOAST_MS,
} from '@flash-sale/shared/terminal-limits.ts';
import { actionsOf, perform } from './actions/dispatch.ts';
import { addEntry, closeEntry, type EntryState } from './activity/journal.ts';
import { linkWords } from './activity/link-words.ts';
import { answerOf, connectApi, isUnanswered, refusalWords, type Answer } from './api.ts';
import { followEvents, type FollowedEvent, type FollowState } from './connection/events.ts';
import { serverClock } from './connection/server-clock.ts';
import type { Change, Desk } from './desk.ts';
import { createAsk } from './dialogs/ask.ts';
import { faultWords } from './fault-words.ts';
import { helpWindow } from './frame/help.ts';
import { find, selectedOf } from './frame/palette.ts';
import { followDetails } from './rooms/follow-details.ts';
import { ROOMS, roomOf } from './rooms/rooms.ts';
import { createFrames, type Frame, type Frames } from './state/frames.ts';
import { initialState, type Start } from './state/initial-state.ts';
import type { Link } from './state/state.ts';
import { createStore, type Store } from './state/store.ts';
import { reasonHeader } from './change-headers.ts';
import { sendUntilAnswered } from './until-answered.ts';

/** What the terminal itself can do. */
type Screen = Pick<Desk, 'copy' | 'page' | 'recite' | 'redraw' | 'suspend' | 'toggleMouse' | 'quit'>;

export interface DeskOptions extends Start {
  readonly url: string;
  readonly token: string;
  readonly buyers: Desk['buyers'];
  readonly framesPerSecond: number;
  readonly screen: Screen;
}

export interface OpenDesk {
  readonly desk: Desk;
  readonly frames: Frames;
  readonly close: () => void;
}

export function openDesk(options: DeskOptions): OpenDesk {
  const { url, token, framesPerSecond, screen } = options;
  const store = createStore(initialState(options));
  const clock = serverClock();
  const now = () => {
    const { link } = store.get();
    const localMs = performance.now();
    // A clock that only seems to run would be a lie.
    const knownMs = Math.min(localMs, (link.heardAtMs ?? localMs) + EVENTS_SILENCE_MS);
    return clock.serverNow(knownMs) ?? Date.now();
  };
  const frames = createFrames(store, { perSecond: framesPerSecond, now, stepMs });
  const desk = createDesk({
    store,
    clock,
    buyers: options.buyers,
    url,
    token,
    look: frames.look,
    screen,
    reconnect: () => following.retryNow(),
  });
  const ears = listen(desk);
  const following = followEvents({
    url,
    token,
    onEvent(event) {
      clock.heard(Date.parse(event.at), performance.now());
      ears.hear(event);
    },
    onState: (state) => onLink(desk, state),
    onUnknown: (type, count) => {
      if (count === 1) {
        desk.say(`The API tells of ${type}, which this terminal does not know: is it older?`, 'warn');
      }
    },
  });
  const overview = readAgainAndAgain(desk);
  const endDetails = followDetails(desk);
  return {
    desk,
    frames,
    close() {
      following.close();
      ears.stop();
      overview.stop();
      endDetails();
      frames.stop();
    },
  };
}

/** How long the picture is right if nothing happens. */
function stepMs(frame: Frame): number | null {
  const { state, localMs } = frame;
  const steps = [
    roomOf(state).stepMs?.(frame) ?? null,
    state.toast !== null && state.toast.goneAtMs > localMs ? state.toast.goneAtMs - localMs : null,
    state.dialog?.kind === 'countdown' ? 100 : null,
    // The age of the last event is always on the screen.
    1_000,
  ].filter((step) => step !== null);
  return Math.min(...steps);
}

interface DeskParts {
  readonly store: Store;
  readonly clock: Desk['clock'];
  readonly buyers: Desk['buyers'];
  readonly url: string;
  readonly token: string;
  readonly look: Frames['look'];
  readonly screen: Screen;
  readonly reconnect: () => void;
}

function createDesk({ store, clock, buyers, url, token, look, screen, reconnect }: DeskParts): Desk {
  const show = (text: string, tone: 'good' | 'warn' | 'info') =>
    store.set((state) => ({ ...state, toast: { text, tone, goneAtMs: performance.now() + TOAST_MS } }));
  /** What nobody answered, by the entries of the journal. */
  const unanswered = new Map<string, () => Promise<unknown>>();
  /** The entry's id is the key: however often it is asked for, it is done once. */
  const sendAs = async <Data>(id: string, change: Change<Data>): Promise<Answer<Data>> => {
    const close = (end: { state: EntryState; result: string }) =>
      store.set((state) => ({ ...state, journal: closeEntry(state.journal, id, end, change.isLook) }));
    unanswered.delete(id);
    close({ state: 'sending', result: '' });
    show(`${change.what} ...`, 'info');
    const answer = await sendUntilAnswered(
      (headers) => change.send({ ...headers, ...reasonHeader(change.reason ?? '') }),
      id,
    );
    const end = endOf(change, answer);
    if (end.state === 'unknown') unanswered.set(id, () => sendAs(id, change));
    close(end);
    show(`${change.what}: ${end.result}`, end.state === 'done' ? 'good' : 'warn');
    desk.reload();
    return answer;
  };
  const desk: Desk = {
    ...screen,
    store,
    clock,
    buyers,
    api: connectApi(url, token),
    ask: createAsk(store),
    frame: look,
    say(text, tone = 'info') {
      show(text, tone);
      note(store, text, tone === 'warn' ? 'warned' : 'said');
    },
    fail(what, fault) {
      desk.say(
        `${what}: ${faultWords(fault)}. This is a fault of the terminal; nothing more was done.`,
        'warn',
      );
    },
    change: (change) => sendAs(note(store, change.what, 'sending'), change),
    async askAgain(entryId) {
      await unanswered.get(entryId)?.();
    },
    reload() {
      void roomOf(store.get()).read(desk);
    },
    scrollHelp(lines) {
      store.set((state) => {
        const { first, last } = helpWindow(actionsOf({ ...state, helpTop: null }), state);
        return { ...state, helpTop: Math.max(0, Math.min(last, first + lines)) };
      });
    },
    runFromPalette() {
      const { palette } = store.get();
      if (palette === null) return;
      store.set((state) => ({ ...state, palette: null }));
      const all = find(actionsOf(store.get()), palette.input.text);
      const found = all[selectedOf(all, palette)];
      if (found === undefined) desk.say('Nothing is called that.', 'warn');
      else perform(desk, found.action, found.words);
    },
    reconnect,
  };
  return desk;
}

/** Keeps it. @returns its id */
function note(store: Store, what: string, state: EntryState, result = ''): string {
  const id = crypto.randomUUID();
  const entry = { id, atMs: Date.now(), what, state, result };
  store.set((before) => ({ ...before, journal: addEntry(before.journal, entry) }));
  return id;
}

function endOf<Data>(change: Change<Data>, answer: Answer<Data>): { state: EntryState; result: string } {
  if (answer.ok) return { state: 'done', result: change.tell?.(answer.data) ?? answer.message };
  if (isUnanswered(answer)) {
    return { state: 'unknown', result: `Nobody knows whether it was done: see Activity. ${answer.message}` };
  }
  return { state: 'refused', result: refusalWords(answer) };
}

/** Collects what is told, and tells the rooms some times a second. */
function listen(desk: Desk) {
  let waiting: FollowedEvent[] = [];
  let newestAt = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    timer = undefined;
    const events = waiting;
    waiting = [];
    const latestAt = events.at(-1)?.at ?? '';
    if (latestAt > newestAt) {
      newestAt = latestAt;
      const heardAtMs = performance.now();
      desk.store.set((state) => ({ ...state, link: { ...state.link, heardAtMs } }));
    }
    for (const room of ROOMS) room.heard?.(desk, events);
  };
  const turns = setInterval(() => {
    for (const room of ROOMS) room.turn?.(desk);
  }, 1_000);
  return {
    hear(event: FollowedEvent) {
      waiting.push(event);
      timer ??= setTimeout(tell, EVENTS_TOLD_EVERY_MS);
    },
    stop() {
      clearTimeout(timer);
      clearInterval(turns);
    },
  };
}

function onLink(desk: Desk, told: FollowState): void {
  const before = desk.store.get().link;
  const link: Link = {
    kind: told.kind,
    says: told.kind === 'live' ? '' : (told.reason ?? ''),
    heardAtMs: told.kind === 'live' ? performance.now() : before.heardAtMs,
    nextTryAtMs: told.kind === 'connecting' ? told.nextTryAtMs : null,
  };
  desk.store.set((state) => ({ ...state, link }));
  const words = linkWords(before, link);
  if (words !== null) note(desk.store, words, link.kind === 'live' ? 'said' : 'warned');
  // What was missed is told by the stream itself; this is the first look.
  if (told.kind === 'live' && before.heardAtMs === null) {
    for (const room of ROOMS) void room.read(desk);
  }
}

function readAgainAndAgain(desk: Desk): { stop(): void } {
  let timer: ReturnType<typeof setTimeout>;
  let isStopped = false;
  const read = async () => {
    const overviewAtMs = performance.now();
    const answer = await answerOf(desk.api.overview.get());
    if (answer.ok) desk.store.set((state) => ({ ...state, overview: answer.data, overviewAtMs }));
    if (answer.ok && desk.store.get().me === null) await readMe(desk);
    if (!isStopped) timer = setTimeout(() => void read(), OVERVIEW_READ_EVERY_MS);
  };
  void read();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

async function readMe(desk: Desk): Promise<void> {
  const answer = await answerOf(desk.api.me.get());
  if (answer.ok) {
    desk.store.set((state) => ({ ...state, me: { name: answer.data.name, role: answer.data.role } }));
  }
}
