/** The first admin's token of an installation on one machine: made once, kept where its data is, for its owner only. */

import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newToken } from '../operators/token.ts';

export function operatorTokenFile(dataDir: string): string {
  return join(dataDir, 'operator-token');
}

/** @returns the token in the file, which is made if there is none. */
export function operatorToken(dataDir: string): string {
  const file = operatorTokenFile(dataDir);
  if (!existsSync(file)) make(dataDir, file);
  return readFileSync(file, 'utf8').trim();
}

/** Whole or not at all, though killed in the middle; two starts at once agree on one token. */
function make(dataDir: string, file: string): void {
  mkdirSync(dataDir, { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${newToken()}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
}
