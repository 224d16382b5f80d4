import { Type } from '@sinclair/typebox';

/** One of these words, in what callers send. Replies only document their words, with an `enum`. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return Type.Unsafe<Word>(Type.Union(words.map((word) => Type.Literal(word))));
}
