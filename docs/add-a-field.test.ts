/** The worked example of docs/add-a-field.md, made in a copy of the project as its reader would make it. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { find, readProject } from '../tidy/project.ts';
import { sharedMariaDb } from '../api/test/stores.ts';

const ROOT = dirname(import.meta.dir);
const PATCH = 'docs/add-a-field.patch';
const GUIDE = 'docs/add-a-field.md';
const project = readProject();
const partsOf = (path: string, part: RegExp) =>
  [...(find(project, path)?.text ?? '').matchAll(part)].map(([, found = '']) => found);
const patched = partsOf(PATCH, /^diff --git a\/(\S+) /gm);
/** What a numbered line begins with: a file, or a command. */
const steps = partsOf(GUIDE, /^\d+\. `([^`]+)`/gm);
const isCommand = (step: string) => step.startsWith('bun run ');

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'add-a-field-'));
  for (const { path } of project) cpSync(join(ROOT, path), join(copy, path));
  for (const folder of ['.', ...readdirSync(ROOT)]) linkPackages(join(folder, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Links to packages stay as they are, so that those to our workspaces lead into the copy; the packages are shared. */
function linkPackages(folder: string): void {
  if (!existsSync(join(ROOT, folder))) return;
  for (const name of readdirSync(join(ROOT, folder))) {
    const [from, to] = [join(ROOT, folder, name), join(copy, folder, name)];
    if (name === '.bun') symlinkSync(from, to);
    else cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  }
}

/** @throws with all that it said, when it does not end well */
async function run(...command: string[]): Promise<void> {
  const { url: TEST_DATABASE_URL } = await sharedMariaDb();
  // A copy in a folder that some other repository owns is still a folder of its own.
  const env = { ...process.env, TEST_DATABASE_URL, GIT_CEILING_DIRECTORIES: dirname(copy) };
  const child = Bun.spawn(command, { cwd: copy, env, stdout: 'pipe', stderr: 'pipe' });
  const said = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')}: ${said.join('\n')}`);
}

const bun = (...words: string[]) => run(process.execPath, '--bun', ...words);

test('the guide lists the files of the patch', () => {
  expect(steps.filter((step) => !isCommand(step)).toSorted()).toEqual(patched.toSorted());
  expect(patched.length).toBeGreaterThan(5);
});

test.skipIf(Bun.which('git') === null)(
  'the patch fits, its commands run, the house rules hold, and the field arrives everywhere',
  async () => {
    await run('git', 'apply', PATCH);
    for (const command of steps.filter(isCommand)) await bun(...command.split(' ').slice(1));
    const tests = patched.filter((path) => /\.test\.tsx?$/.test(path));
    expect(tests.length).toBeGreaterThan(0);
    // All of them to their end: none works on in a copy that is removed.
    const ended = await Promise.allSettled([
      bun('run', 'oxfmt', '--check', ...patched),
      bun('run', 'tsc'),
      bun('test', '--timeout', '30000', 'tidy', ...tests, 'api/http/document.test.ts'),
    ]);
    expect(ended.filter(({ status }) => status === 'rejected')).toEqual([]);
  },
  120_000,
);
