/** Load by wrk (https://github.com/wg/wrk): as many requests as the connections can make, for a while. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Sent as JSON; GET where there is none. */
  readonly body?: string;
}

export interface Loaded {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of a reply, headers included. */
  readonly replyBytes: number;
  /** Answers with 400 and more. */
  readonly refused: number;
  /** Not answered, or not in time. */
  readonly failed: number;
}

/** Lua, because wrk tells its figures exactly only to its own script. */
const script = (body: string | undefined) => `
${body === undefined ? '' : `wrk.method = 'POST'\nwrk.body = ${JSON.stringify(body)}\nwrk.headers['content-type'] = 'application/json'`}
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"perSecond":%f,"p50Ms":%f,"p99Ms":%f,"replyBytes":%f,"refused":%d,"failed":%d}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.bytes / summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
`;

export async function wrk({ url, connections, seconds, body }: Load): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-wrk-'));
  try {
    const file = join(folder, 'load.lua');
    writeFileSync(file, script(body));
    const threads = Math.min(2, connections);
    const run = Bun.spawn(
      ['wrk', `-t${threads}`, `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', file, url],
      { stdout: 'pipe', stderr: 'pipe' },
    );
    const said = await run.stdout.text();
    const figures = said.split('\n').find((line) => line.startsWith('{'));
    if (figures === undefined)
      throw new Error(`wrk ended without figures:\n${said}${await run.stderr.text()}`);
    return JSON.parse(figures) as Loaded;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
