import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { EventTooLong, eventReader, type ServerSentEvent } from './server-sent-events.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const read = (...texts: string[]): ServerSentEvent[] => {
  const reader = eventReader();
  return texts.flatMap((text) => reader(bytesOf(text)));
};

/** Cuts at the given places; some of them lie within a character or a line end. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

describe('server-sent events', () => {
  test('are read with their id, type and data of several lines', () => {
    expect(read('retry: 500\nid: 7-1\nevent: hold.placed\ndata: {\ndata:  "a": 1}\n\n')).toEqual([
      { id: '7-1', type: 'hold.placed', data: '{\n "a": 1}' },
    ]);
  });

  test('comments and events without data say nothing, and an id stays until the next', () => {
    expect(read(': hello\n\nid: 1\nevent: x\n\ndata\n\nid: 2\0\ndata: b\n\n')).toEqual([
      { id: '1', type: 'message', data: '' },
      { id: '1', type: 'message', data: 'b' },
    ]);
  });

  test('an event that is not whole is not told', () => {
    expect(read('data: a\n')).toEqual([]);
    expect(read('data: a\r')).toEqual([]);
    expect(read('data: a\r', '\n', '\r', '\ndata: b\n\n').map(({ data }) => data)).toEqual(['a', 'b']);
  });

  test('are the same however the bytes are cut and the lines end', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !/[\r\n\0]/.test(text));
    const event = fc.record({ id: line, type: line, data: fc.array(line, { minLength: 1, maxLength: 3 }) });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        (events, places, end) => {
          const blocks = events.map(({ id, type, data }) =>
            [': a', `id: ${id}`, `event: ${type}`, ...data.map((one) => `data: ${one}`), '', ''].join(end),
          );
          // With \r alone, the last event is whole only once the next line begins.
          const bytes = bytesOf(`${blocks.join('')}: end`);
          const reader = eventReader();
          expect(cut(bytes, places).flatMap((part) => reader(part))).toEqual(
            events.map(({ id, type, data }) => ({ id, type: type || 'message', data: data.join('\n') })),
          );
        },
      ),
    );
  });

  test('what never ends is refused before it fills the memory', () => {
    const oneLine = eventReader(100);
    const manyLines = eventReader(100);
    const feed = (reader: typeof oneLine, text: string) => () => {
      for (let i = 0; i < 11; i += 1) reader(bytesOf(text));
    };
    expect(feed(oneLine, '0123456789')).toThrow(EventTooLong);
    expect(feed(manyLines, 'data: 6789\n')).toThrow(EventTooLong);
    // Many events in one chunk are no long event.
    expect(eventReader(100)(bytesOf('data: 6789\n\n'.repeat(100)))).toHaveLength(100);
  });
});
