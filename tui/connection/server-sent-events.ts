/** Reads server-sent events out of bytes: https://html.spec.whatwg.org/multipage/server-sent-events.html */

import { EVENT_LENGTH_MAX } from '@flash-sale/shared/terminal-limits.ts';

export interface ServerSentEvent {
  /** Of this event or, where it has none, of the last one that had. */
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** What came so far of the event that is under way. */
interface Pending {
  type: string;
  readonly data: string[];
  length: number;
}

const nothing = (): Pending => ({ type: '', data: [], length: 0 });

export class EventTooLong extends Error {
  override readonly name = 'EventTooLong';
}

/**
 * @returns reads the next bytes of one stream, split anywhere, and returns the events that are whole now. It throws
 * EventTooLong; then the stream cannot be read on.
 */
export function eventReader(lengthMax = EVENT_LENGTH_MAX): (bytes: Uint8Array) => ServerSentEvent[] {
  const decoder = new TextDecoder();
  let rest = '';
  let id = '';
  let pending = nothing();

  return (bytes) => {
    const text = rest + decoder.decode(bytes, { stream: true });
    // The line end of a \r may go on with a \n that has not come yet.
    const whole = text.endsWith('\r') ? text.slice(0, -1) : text;
    const lines = whole.split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + text.slice(whole.length);
    const events: ServerSentEvent[] = [];
    for (const line of lines) {
      if (line === '') {
        if (pending.data.length > 0) {
          events.push({ id, type: pending.type || 'message', data: pending.data.join('\n') });
        }
        pending = nothing();
        continue;
      }
      pending.length += line.length;
      if (pending.length > lengthMax) throw tooLong(lengthMax);
      const [name, value] = fieldOf(line);
      if (name === 'event') pending.type = value;
      else if (name === 'data') pending.data.push(value);
      else if (name === 'id' && !value.includes('\0')) id = value;
    }
    if (pending.length + rest.length > lengthMax) throw tooLong(lengthMax);
    return events;
  };
}

/** A comment has the name ''. */
function fieldOf(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':');
  if (colon === -1) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
}

function tooLong(lengthMax: number): EventTooLong {
  return new EventTooLong(`an event of more than ${lengthMax} characters`);
}
