/**
 * A copy of the program for the processes of a campaign. The sources do not change under a run when somebody edits
 * them, and a mutant (the program with one guard taken out) never touches the real ones.
 */

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../../..');
const WORKSPACES = ['shared', 'lua', 'drizzle', 'api'];
/** In api/, but no part of the program. */
const LEFT_OUT = /^api\/(test|bench)(\/|$)|node_modules|\.test\.ts$/;

interface Patch {
  readonly file: string;
  readonly take: string | RegExp;
  readonly put: string;
}

interface Mutant {
  readonly says: string;
  readonly patches: readonly Patch[];
  /** The faults that it does not survive. */
  readonly faults: readonly string[];
}

/** Each takes out one guard of the protocol. A campaign against one of them has to end with violations. */
export const MUTANTS = {
  'no-gate': {
    says: 'SQL counts units without comparing them to the allotment, and has no CHECK that does',
    patches: [
      { file: 'api/orders/take.ts', take: 'raw`committed + ${quantity} <= allotment`,', put: '' },
      {
        file: 'drizzle/migrations/0000_first_sale.sql',
        take: /\s*CONSTRAINT `sales_committed_within_allotment` CHECK\([^)]*\),/,
        put: '',
      },
    ],
    faults: ['redis_split'],
  },
  'no-epoch': {
    says: 'SQL takes the word of any Redis, also of one that was replaced',
    patches: [{ file: 'api/orders/take.ts', take: 'eq(sales.epoch, epoch),', put: '' }],
    faults: ['redis_split', 'redis_stale', 'redis_flush'],
  },
  'no-void': {
    says: 'the settler gives a pinned hold up without writing that down in SQL first, and the server does not end idle transactions (as MySQL)',
    patches: [
      { file: 'api/mysql/connect.ts', take: /, idle_transaction_timeout = \d+/, put: '' },
      {
        file: 'api/orders/settler.ts',
        take: /await voidHold\(services, \{[^}]*\}, 'expired'\)/,
        put: "'expired'",
      },
    ],
    faults: ['commit_late'],
  },
} as const satisfies Record<string, Mutant>;

export type MutantName = keyof typeof MUTANTS;

/** @returns a hash of what was copied. @throws when a patch does not match: the guard has moved. */
export function copySources(target: string, mutant: MutantName | null): string {
  mkdirSync(target, { recursive: true });
  for (const workspace of WORKSPACES) {
    cpSync(join(ROOT, workspace), join(target, workspace), {
      recursive: true,
      filter: (source) => !LEFT_OUT.test(source.slice(ROOT.length + 1)),
    });
    linkModules(join(ROOT, workspace, 'node_modules'), join(target, workspace, 'node_modules'));
  }
  // Without a node_modules at the root Bun would go and install packages.
  linkModules(join(ROOT, 'node_modules'), join(target, 'node_modules'));
  for (const file of ['package.json', 'tsconfig.json']) cpSync(join(ROOT, file), join(target, file));
  for (const patch of mutant === null ? [] : MUTANTS[mutant].patches) applyPatch(target, patch);
  return hashOf(target);
}

/** Links to our own workspaces are relative and lead into the copy; packages stay where they are. */
function linkModules(source: string, target: string): void {
  if (!existsSync(source)) return;
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.name.startsWith('.')) continue;
    if (entry.isSymbolicLink()) {
      const isOurs = source.endsWith('@flash-sale');
      symlinkSync(isOurs ? readlinkSync(from) : realpathSync(from), to);
    } else if (entry.isDirectory()) {
      linkModules(from, to);
    }
  }
}

function applyPatch(folder: string, { file, take, put }: Patch): void {
  const path = join(folder, file);
  const before = readFileSync(path, 'utf8');
  const after = before.replace(take, put);
  if (after === before) {
    throw new Error(`the mutant does not fit ${file} any more: there is no ${String(take)}`);
  }
  writeFileSync(path, after);
}

function hashOf(folder: string): string {
  const hasher = new Bun.CryptoHasher('sha256');
  for (const path of filesOf(folder).sort()) hasher.update(path).update(readFileSync(join(folder, path)));
  return hasher.digest('hex').slice(0, 12);
}

function filesOf(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesOf(folder, path);
    return entry.isFile() ? [path] : [];
  });
}
