/** Asks like `ops`, and holds every reply against the OpenAPI document of the private listener. */

import { expect } from 'bun:test';
import { ops, type Answer } from './client.ts';
import { documentOf, routesOf } from './fuzz/document.ts';
import { judge } from './fuzz/judge.ts';
import type { World } from './world.ts';

export type JudgedOps = <Data = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer<Data>>;

/** @param prefixes of the paths that will be asked */
export async function judgedOps(
  world: Pick<World, 'listening'>,
  prefixes: readonly string[],
): Promise<JudgedOps> {
  const all = routesOf(await documentOf(world.listening.opsUrl));
  const routes = all.filter(({ path }) => prefixes.some((prefix) => path.startsWith(prefix)));
  return async <Data>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await ops<Data>(world, method, path, body, headers);
    const request = { method, target: path, headers: Object.entries(headers), body: null };
    const reply = {
      status: answer.status,
      headers: new Map(answer.headers),
      body: JSON.stringify(answer.body),
    };
    expect([method, path, answer.status, judge(routes, request, reply)]).toEqual([
      method,
      path,
      answer.status,
      null,
    ]);
    return answer;
  };
}

/** The fields that were refused. */
export function faultsIn({ body }: Answer<unknown>): string[] {
  return Object.keys(body.errors ?? {}).sort();
}

/** Every item of a list, page by page. */
export async function allPages<Item>(ask: JudgedOps, path: string, limit = 200): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor === '' ? {} : { cursor }) });
    const page: Answer<{ items: Item[]; next_cursor: string | null }> = await ask(
      'GET',
      `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`,
    );
    expect([page.status, page.body.data.items.length <= limit]).toEqual([200, true]);
    items.push(...page.body.data.items);
    cursor = page.body.data.next_cursor;
  }
  return items;
}
