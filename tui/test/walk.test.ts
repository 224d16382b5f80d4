/**
 * A shift at the terminal, walked in a real one: it fails where a step does not do what it should, and where a screen is
 * another one than in the repository. `bun run screens` writes them anew.
 */

import { expect, test } from 'bun:test';
import { keptPicture, shapeOf, takePictures } from './pictures.ts';

test('an operator creates, launches, watches, releases, opens, replays, restocks and ends', async () => {
  const pictures = await takePictures();
  expect(pictures.length).toBeGreaterThan(30);
  for (const picture of pictures) {
    const { name, size, text } = picture;
    const kept = await keptPicture(picture);
    expect(shapeOf(text), `${name} at ${size.columns}x${size.rows}:\n${text}`).toBe(shapeOf(kept));
  }
}, 180_000);
