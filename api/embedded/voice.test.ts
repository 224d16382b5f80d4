import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { openVoice } from './voice.ts';

test.skipIf(!existsSync('/dev/full'))('who speaks into a file on a full disk goes on', () => {
  const voice = openVoice();
  voice.toFile('/dev/full');
  try {
    expect(() => voice.say('an API process ended by itself')).not.toThrow();
  } finally {
    voice.toScreen();
  }
});
