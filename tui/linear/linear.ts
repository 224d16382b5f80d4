/** Writes what the frames have to say, line by line; nothing that was written changes. */

import type { Frame, Frames } from '../state/frames.ts';
import { speak, type Utterance } from './speech.ts';

export interface Speaker {
  readonly say: (utterances: readonly Utterance[]) => void;
  readonly stop: () => void;
}

export function openSpeaker(frames: Frames, write: (text: string) => void): Speaker {
  let before: Frame | null = null;
  let isMidLine = false;
  const say = (utterances: readonly Utterance[]) => {
    for (const { kind, text } of utterances) {
      if (kind === 'echo') write(text);
      else write(`${isMidLine ? '\r\n' : ''}${text}\r\n`);
      isMidLine = kind === 'echo';
    }
  };
  const stop = frames.subscribe(() => {
    const after = frames.get();
    say(speak(before, after));
    before = after;
  });
  return { say, stop };
}
