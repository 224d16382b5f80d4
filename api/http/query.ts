import { RequestFault } from './reply.ts';

/** One of these words in a query; null when absent. Not by schema, so that the fault names the words. @throws RequestFault */
export function readWord<const Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly Word[],
): Word | null {
  if (text === undefined) return null;
  const word = words.find((known) => known === text);
  if (word !== undefined) return word;
  throw new RequestFault('bad_request', 'The request is not valid; see errors.', {
    errors: { [name]: [`must be one of ${words.join(', ')}`] },
  });
}
