/** Installations by name, and which one is used when none is asked for. */

import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { contextsFileOf } from '../config.ts';
import { namesOf, readContexts } from '../contexts.ts';
import { localCommand, type Io } from './command.ts';
import { Ending } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import type { Shape } from './output.ts';
import { text } from './taken.ts';

interface ContextRow {
  readonly name: string;
  readonly url: string;
  readonly api_url: string | null;
  readonly read_only: boolean;
  readonly color: string | null;
  readonly current: boolean;
}

const CONTEXT: Shape<ContextRow> = {
  id: 'name',
  fields: ['name', 'url', 'api_url', 'read_only', 'color', 'current'],
  columns: [
    { field: 'current', title: 'Used', cell: ({ current }) => (current ? '*' : '') },
    { field: 'name', title: 'Context' },
    { field: 'url', title: 'Operators' },
    { field: 'api_url', title: 'Buyers' },
    { field: 'read_only', title: 'Read-only' },
  ],
};

const list = localCommand({
  words: 'context list',
  summary: 'The installations of the contexts file',
  shape: CONTEXT,
  run({ io, out, say }) {
    const { file, home } = contextsFileOf(io.environment);
    const { current, all } = readContexts(file, home);
    const rows = all.map(({ name, url, apiUrl, readOnly, color }) => ({
      name,
      url,
      api_url: apiUrl,
      read_only: readOnly,
      color,
      current: name === current,
    }));
    out.list(rows);
    if (rows.length === 0) say(`There are no contexts in ${file}. See: flashsale --help`);
    return Promise.resolve(EXIT.ok);
  },
});

const use = localCommand({
  words: 'context use',
  summary: 'Use this installation when none is asked for',
  takes: { name: text('CONTEXT', 'its name in the contexts file') },
  run({ io, words: { name }, say }) {
    makeCurrent(io, name);
    say(`From now on it is ${name}.`);
    return Promise.resolve(EXIT.ok);
  },
});

const CURRENT = /^current[ \t]*=.*$/m;
const TABLE = /^[ \t]*\[/m;

/**
 * Changes that one line, and nothing else that people wrote.
 * @throws Ending, SettingsFault
 */
function makeCurrent({ environment }: Io, name: string): void {
  const { file, home } = contextsFileOf(environment);
  const { all } = readContexts(file, home);
  if (!all.some((context) => context.name === name)) {
    const names = namesOf(all.map((one) => one.name));
    throw new Ending(EXIT.notFound, `There is no context ${name} in ${file}: ${names}.`);
  }
  const written = readFileSync(file, 'utf8');
  const line = `current = ${JSON.stringify(name)}`;
  // What comes after the first table would belong to it.
  const head = written.slice(0, TABLE.exec(written)?.index ?? written.length);
  const rest = written.slice(head.length);
  const changed = CURRENT.test(head) ? head.replace(CURRENT, () => line) : `${line}\n${head}`;
  const beside = `${file}.new`;
  writeFileSync(beside, changed + rest, { mode: statSync(file).mode & 0o777 });
  renameSync(beside, file);
}

export const CONTEXT_COMMANDS = [list, use];
