/** Where what the API says goes: the screen, or a file while the operator's terminal has the screen. */

import { closeSync, writeSync } from 'node:fs';
import { openLog } from './child.ts';

export interface Voice {
  readonly say: (line: string) => void;
  readonly write: (text: string) => void;
  readonly toFile: (file: string) => void;
  readonly toScreen: () => void;
}

export function openVoice(): Voice {
  let file: number | null = null;
  const write = (text: string) => {
    if (file === null) process.stderr.write(text);
    else writeIfThereIsRoom(file, text);
  };
  return {
    write,
    say(line) {
      if (file === null) console.log(line);
      else write(`${line}\n`);
    },
    toFile(path) {
      file = openLog(path);
    },
    toScreen() {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

/** Whoever speaks does not fail because nobody can read it: the API processes are watched by who hands on what they say. */
function writeIfThereIsRoom(file: number, text: string): void {
  try {
    writeSync(file, text);
  } catch {
    // There is no other place to say it.
  }
}
