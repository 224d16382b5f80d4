/**
 * `bun run restore FILE [--replace]`: what a backup has, into an empty database, or in the place of what is there. `-` reads
 * standard input. Nothing else may use the database.
 */

import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readDatabaseConfig } from '../config.ts';
import { StoreProblem } from '../embedded/problem.ts';
import { REDIS } from '../embedded/redis.ts';
import { runProgram } from '../program.ts';
import { inPlaceOfTheApi, say } from './database.ts';
import { load } from './load.ts';

const REPLACE = '--replace';

async function restore(args: readonly string[]): Promise<void> {
  const [file, ...others] = args.filter((arg) => arg !== REPLACE);
  if (file === undefined || others.length > 0) {
    throw new StoreProblem(`usage: bun run restore FILE [${REPLACE}]`);
  }
  const config = readDatabaseConfig();
  await withFile(file, (path) =>
    inPlaceOfTheApi(config, async (databaseUrl) => {
      const { takenAt, migrations } = await load(databaseUrl, path, args.includes(REPLACE));
      say(`restored what SQL knew at ${takenAt}; ${migrations} migrations applied`);
      if (config.DATABASE_URL === null) {
        // It knows holds of a time that is lost.
        rmSync(join(config.DATA_DIR, REDIS.folder), { recursive: true, force: true });
      } else {
        say('Redis    empty it before an API starts: it knows holds of a time that is lost');
      }
      say(`payments what providers sent since ${takenAt} is lost: have them send it again`);
    }),
  );
}

/** Standard input is put into a file first, because it is read twice: nothing may be deleted for half of a backup. */
async function withFile(file: string, work: (path: string) => Promise<void>): Promise<void> {
  if (file !== '-') return work(file);
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-restore-'));
  try {
    const path = join(folder, 'standard input');
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }));
    await work(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await runProgram(() => restore(process.argv.slice(2)));
