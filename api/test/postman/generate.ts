/** Writes Flash-Sale-API.postman_collection.json from the documents of a running API: bun run postman */

import { join } from 'node:path';
import { documentOf } from '../fuzz/document.ts';
import { stopStores } from '../stores.ts';
import { createWorld, type World } from '../world.ts';
import { collectionFor } from './collection.ts';

export const COLLECTION_FILE = join(import.meta.dir, '../../../Flash-Sale-API.postman_collection.json');

/** The text of the collection; the same documents give the same text. */
export async function generate({ listening }: Pick<World, 'listening'>): Promise<string> {
  const [buyers, operators] = await Promise.all([documentOf(listening.url), documentOf(listening.opsUrl)]);
  return `${JSON.stringify(collectionFor({ buyers, operators }), null, 2)}\n`;
}

if (import.meta.main) {
  const world = await createWorld();
  await Bun.write(COLLECTION_FILE, await generate(world));
  await world.close();
  await stopStores();
}
