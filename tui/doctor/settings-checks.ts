/** What the terminal was told at its start, and who else can change that. */

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '../config.ts';
import { shellWord } from '../terminal/shell-word.ts';
import { no, ok, warn, type Check } from './check.ts';

export function settingsChecks(settings: Settings): Check[] {
  const { context, url, tokenFrom, readOnly } = settings;
  const may = readOnly ? 'read-only' : 'may change things';
  return [ok('settings', `${context}, ${url}, ${may}; token from ${tokenFrom.name}`), filesCheck(settings)];
}

/** @param message of the fault, for people */
export function unusableSettings(message: string): Check {
  const [says = '', ...more] = message.split('\n').map((line) => line.trim());
  return no('settings', says, more.filter(Boolean).join('; ') || 'see `flashsale --help`');
}

/** Whoever may write where a token is read from decides where it is sent. That nobody else reads it was seen to before. */
function filesCheck({ contextsFile, tokenFrom }: Settings): Check {
  const files = [contextsFile, ...(tokenFrom.kind === 'file' ? [tokenFrom.name] : [])];
  const found = [...new Set(files)].flatMap((path) => {
    const mode = modeOf(path);
    return mode === null ? [] : [{ path, mode }];
  });
  const open = found
    .flatMap(({ path }) => [path, dirname(path)])
    .filter((path) => ((modeOf(path) ?? 0) & 0o022) !== 0);
  if (open.length > 0) {
    const names = open.map(shellWord).join(' ');
    return warn('files', `others may change ${names}, and send your token elsewhere`, `chmod go-w ${names}`);
  }
  if (found.length === 0) return ok('files', 'none is used');
  return ok('files', found.map(({ path, mode }) => `${path} (${(mode & 0o777).toString(8)})`).join(', '));
}

function modeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mode ?? null;
}
