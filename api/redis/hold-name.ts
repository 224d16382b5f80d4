/**
 * How Redis names a hold, three times for each that lives: by the random part of its id alone, in base64url. An id of
 * another form, as older versions made them, is its own name, so that their holds are found too.
 *
 *   00000007-0000-8abc-8def-0123456789ab  is  q83vASNFZ4mr
 *   sale          ^^^  ^^^  ^^^^^^^^^^^^
 */

const NAME_LENGTH = 12;

/** Where three of the random digits begin, which are two letters. */
const THREES = [15, 20, 24, 27, 30, 33] as const;

const LETTERS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const NO_DIGIT = 16;
const VALUES = new Uint8Array(128).fill(NO_DIGIT);
for (let value = 0; value < NO_DIGIT; value += 1) VALUES[value.toString(16).charCodeAt(0)] = value;

/** Every hold request comes here, so no strings are made on the way. */
const letters = Buffer.alloc(NAME_LENGTH);

export function holdName(holdId: string): string {
  const hasForm =
    holdId.length === 36 &&
    holdId.startsWith('-0000-8', 8) &&
    holdId.startsWith('-8', 18) &&
    holdId.startsWith('-', 23);
  if (!hasForm) return holdId;
  let at = 0;
  let every = 0;
  for (const three of THREES) {
    const [first, second, third] = [
      valueAt(holdId, three),
      valueAt(holdId, three + 1),
      valueAt(holdId, three + 2),
    ];
    every |= first | second | third;
    letters[at] = LETTERS[((first << 2) | (second >> 2)) & 63] ?? 0;
    letters[at + 1] = LETTERS[((second << 4) | third) & 63] ?? 0;
    at += 2;
  }
  return every < NO_DIGIT ? letters.toString('latin1') : holdId;
}

function valueAt(text: string, index: number): number {
  return VALUES[text.charCodeAt(index)] ?? NO_DIGIT;
}

/** @param name as Redis told it */
export function holdIdOf(saleId: number, name: string): string {
  if (name.length !== NAME_LENGTH) return name;
  const random = Buffer.from(name, 'base64url').toString('hex');
  return formHoldId(saleId, random.slice(0, 3), random.slice(3, 6), random.slice(6));
}

/** Three, three and twelve random digits make an id of a hold of that sale. */
export function formHoldId(saleId: number, first: string, second: string, last: string): string {
  return `${saleId.toString(16).padStart(8, '0')}-0000-8${first}-8${second}-${last}`;
}
