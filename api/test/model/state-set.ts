/**
 * All states that were met, each once, in the order of their discovery. They are kept whole and compared whole: no
 * fingerprints, so no two states are ever taken for one.
 */

const BLOCK_BITS = 16;
const BLOCK_STATES = 1 << BLOCK_BITS;
const BLOCK_MASK = BLOCK_STATES - 1;

/** Steps that one state may have: they are kept as bytes. */
export const ORDINALS_MAX = 256;

export class StateSet {
  /** Position 0 is the first state. */
  size = 0;
  readonly #width: number;
  readonly #blocks: Int32Array[] = [];
  readonly #parents: Uint32Array[] = [];
  readonly #ordinals: Uint8Array[] = [];
  /** Open addressing, two words per slot: position + 1 of a state, and its hash, which also serves to grow. */
  #slots = new Int32Array(2 << 16);
  #mask = (1 << 16) - 1;

  constructor(width: number) {
    this.#width = width;
  }

  /** @param ordinal which of its parent's steps led here @returns false when it was here before */
  add(words: Int32Array, parent: number, ordinal: number): boolean {
    const hash = hashOf(words);
    const slots = this.#slots;
    let slot = hash & this.#mask;
    for (;;) {
      const entry = slots[slot * 2] as number;
      if (entry === 0) break;
      if (slots[slot * 2 + 1] === hash && this.#isAt(words, entry - 1)) return false;
      slot = (slot + 1) & this.#mask;
    }
    slots[slot * 2] = this.size + 1;
    slots[slot * 2 + 1] = hash;
    this.#append(words, parent, ordinal);
    if (this.size * 3 > this.#mask * 2) this.#grow();
    return true;
  }

  /** The block that has the state's words, from `offsetOf` on. */
  blockOf(position: number): Int32Array {
    return this.#blocks[position >>> BLOCK_BITS] as Int32Array;
  }

  offsetOf(position: number): number {
    return (position & BLOCK_MASK) * this.#width;
  }

  parentOf(position: number): number {
    return this.#parents[position >>> BLOCK_BITS]?.[position & BLOCK_MASK] as number;
  }

  ordinalOf(position: number): number {
    return this.#ordinals[position >>> BLOCK_BITS]?.[position & BLOCK_MASK] as number;
  }

  #isAt(words: Int32Array, position: number): boolean {
    const block = this.blockOf(position);
    const start = this.offsetOf(position);
    for (let i = 0; i < this.#width; i += 1) if (block[start + i] !== words[i]) return false;
    return true;
  }

  #append(words: Int32Array, parent: number, ordinal: number): void {
    const position = this.size;
    if ((position & BLOCK_MASK) === 0) {
      this.#blocks.push(new Int32Array(BLOCK_STATES * this.#width));
      this.#parents.push(new Uint32Array(BLOCK_STATES));
      this.#ordinals.push(new Uint8Array(BLOCK_STATES));
    }
    this.blockOf(position).set(words, this.offsetOf(position));
    const block = position >>> BLOCK_BITS;
    (this.#parents[block] as Uint32Array)[position & BLOCK_MASK] = parent;
    (this.#ordinals[block] as Uint8Array)[position & BLOCK_MASK] = ordinal;
    this.size += 1;
  }

  #grow(): void {
    const full = this.#slots;
    const slots = new Int32Array(full.length * 2);
    const mask = full.length - 1;
    for (let i = 0; i < full.length; i += 2) {
      if (full[i] === 0) continue;
      const hash = full[i + 1] as number;
      let slot = hash & mask;
      while (slots[slot * 2] !== 0) slot = (slot + 1) & mask;
      slots[slot * 2] = full[i] as number;
      slots[slot * 2 + 1] = hash;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

/** Murmur3. Worlds differ in few bits, and open addressing wants those spread. */
function hashOf(words: Int32Array): number {
  let hash = 0x2f0b4c47;
  for (let i = 0; i < words.length; i += 1) {
    let word = Math.imul(words[i] as number, 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
