/**
 * The diagram of ARCHITECTURE.md and the imports say the same. A room is a workspace; api/ has rooms of its own: its
 * folders, `routes` (every *.routes.ts), `app` (what puts them together) and `base` (its other single files).
 */

import { type Check, importsOf, inFile, isForTests, isTypeScript } from './project.ts';

const DIAGRAM = 'ARCHITECTURE.md';
const APP = /^api\/(app|services|server|start|worker|processes)\.ts$/;

function roomOf(path: string): string | undefined {
  const [workspace = '', folder = '', ...deeper] = path.split('/');
  if (folder === '' || workspace === 'tidy' || workspace === 'docs') return undefined;
  if (workspace !== 'api') return workspace;
  if (path.endsWith('.routes.ts')) return 'routes';
  if (deeper.length > 0) return folder;
  return APP.test(path) ? 'app' : 'base';
}

/** 'orders --> holds', or 'tui -.-> app' where only types are imported. */
type Arrow = string;

function arrowsOfImports(files: Parameters<Check>[0]): Set<Arrow> {
  const [run, types] = [new Set<Arrow>(), new Set<Arrow>()];
  for (const file of files) {
    const from = roomOf(file.path);
    if (from === undefined || !isTypeScript(file) || isForTests(file)) continue;
    for (const { path, isTypeOnly } of importsOf(file)) {
      const to = path === undefined ? undefined : roomOf(path);
      if (to === undefined || to === from) continue;
      if (!isTypeOnly) run.add(`${from} --> ${to}`);
      // Inside api/ types come from everywhere: everybody is given the services.
      else if (!file.path.startsWith('api/')) types.add(`${from} -.-> ${to}`);
    }
  }
  const others = [...types].filter((arrow) => !run.has(arrow.replace('-.->', '-->')));
  return new Set([...run, ...others]);
}

function arrowsOfDiagram(text: string): { drawn: Arrow[]; unread: string[] } {
  const [, diagram = ''] = /^```mermaid\n([\s\S]*?)^```/m.exec(text) ?? [];
  const lines = diagram.split('\n').filter((line) => /[-.=]->|->|---/.test(line));
  const read = lines.map((line) => /^\s*(\w+) (-->|-\.->) (\w+(?: & \w+)*)$/.exec(line));
  return {
    drawn: read.flatMap((found) => {
      const [, from = '', arrow = '', to = ''] = found ?? [];
      return to
        .split(' & ')
        .filter(Boolean)
        .map((room) => `${from} ${arrow} ${room}`);
    }),
    unread: lines.filter((_, index) => read[index] === null),
  };
}

/** Whether one gets from a room to another along the arrows that are left without this one. */
function isReachable(arrow: Arrow, drawn: readonly Arrow[]): boolean {
  const [from = '', , goal = ''] = arrow.split(' ');
  const reached = new Set([from]);
  for (const room of reached) {
    for (const one of drawn) {
      if (one === arrow) continue;
      const [start, kind, end = ''] = one.split(' ');
      if (start === room && kind === '-->') reached.add(end);
    }
  }
  return reached.has(goal);
}

/** An arrow is an import; what follows from a chain of arrows is not drawn once more, so that one can read it. */
export const diagramShowsTheImports: Check = (files) =>
  inFile(files, DIAGRAM, ({ text }) => {
    const { drawn, unread } = arrowsOfDiagram(text);
    if (drawn.length === 0) return [`${DIAGRAM}: has no diagram in Mermaid.`];
    const imported = arrowsOfImports(files);
    return [
      ...unread.map((line) => `${DIAGRAM}: draw \`${line.trim()}\` as \`room --> room & room\`.`),
      ...drawn
        .filter((arrow) => !imported.has(arrow))
        .map((arrow) => `${DIAGRAM}: draws \`${arrow}\`, which no import does.`),
      ...drawn
        .filter((arrow) => isReachable(arrow, drawn))
        .map((arrow) => `${DIAGRAM}: \`${arrow}\` follows from the other arrows; leave it out.`),
      ...[...imported]
        .filter((arrow) => !drawn.includes(arrow) && !(arrow.includes('-->') && isReachable(arrow, drawn)))
        .map((arrow) => `${DIAGRAM}: does not draw \`${arrow}\`, which is imported.`),
    ];
  });
