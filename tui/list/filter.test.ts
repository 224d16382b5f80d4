import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { matches, parseFilter } from './filter.ts';

const row = { name: 'Red Lamp', state: 'held', units: '3', price: '1,198.00 USD', sale: '12', code: 'a:b' };
const shows = (filter: string) => matches(parseFilter(filter), row);

describe('a filter', () => {
  test.each([
    ['', true],
    ['lamp', true],
    ['LAMP', true],
    ['lamp held', true],
    ['lamp paid', false],
    ['!paid', true],
    ['!held', false],
    ['state:held', true],
    ['state:HE', true],
    ['state:lamp', false],
    ['!state:held', false],
    ['!state:paid', true],
    ['name:"red lamp"', true],
    ['"red lamp"', true],
    ['"lamp red"', false],
    ['units>2', true],
    ['units>3', false],
    ['units<4', true],
    ['!units>2', false],
    ['price>1197', true],
    ['price<1198', false],
    ['name>3', false],
    // A whole number is that number.
    ['sale:12', true],
    ['sale:1', false],
    ['units:3', true],
    // What is no field is text.
    ['a:b', true],
    ['code:a:b', true],
    ['http://x', false],
    ['constructor:x', false],
    ['__proto__:x', false],
    ['!constructor:x', true],
  ])('%p', (filter, isShown) => {
    expect(shows(filter)).toBe(isShown);
  });

  test.each(['!', 'state:', '!state:', 'units>', '"', 'name:"', '""', ' '])(
    'that is not finished hides nothing: %p',
    (filter) => {
      expect(shows(filter)).toBe(true);
    },
  );

  test('never fails, and its inverse is its inverse', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(typeof shows(text)).toBe('boolean');
        const terms = parseFilter(text);
        const [term] = terms;
        if (term === undefined || terms.length > 1) return;
        expect(matches([{ ...term, isInverse: !term.isInverse }], row)).toBe(!matches(terms, row));
      }),
    );
  });
});
