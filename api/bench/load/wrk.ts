/** Load by wrk (https://github.com/wg/wrk). Its requests are made by Lua, and it tells its figures exactly only there. */

import { writeFileSync } from 'node:fs';
import { endWithUs, scratchFile } from '../leftovers.ts';
import type { Load, Loaded, Prepared, Requests } from './requests.ts';

const JSON_HEADER = "{ ['content-type'] = 'application/json' }";

export async function wrk({ url, connections, seconds, requests }: Load): Promise<Loaded> {
  const file = scratchFile('load.lua');
  const threads = Math.min(2, connections);
  writeFileSync(file, `${requestsOf(requests, threads)}\n${FIGURES}`);
  const run = Bun.spawn(
    ['wrk', `-t${threads}`, `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', file, url],
    { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  );
  endWithUs(run, run.exited);
  const said = await run.stdout.text();
  const figures = said.split('\n').find((line) => line.startsWith('{'));
  if (figures === undefined) throw new Error(`wrk ended without figures:\n${said}${await run.stderr.text()}`);
  return JSON.parse(figures) as Loaded;
}

const FIGURES = `
local threads = {}
function setup(thread)
  thread:set('id', #threads)
  threads[#threads + 1] = thread
end
function done(summary, latency)
  local errors, ran_out = summary.errors, false
  for _, thread in ipairs(threads) do ran_out = ran_out or thread:get('ran_out') == 1 end
  io.write(string.format('\\n{"requests":%d,"perSecond":%f,"p50Ms":%f,"p99Ms":%f,"replyBytes":%f,"refused":%d,"failed":%d,"ranOut":%s}\\n',
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, summary.bytes / summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, tostring(ran_out)))
end
`;

function requestsOf(requests: Requests, threads: number): string {
  switch (requests.kind) {
    case 'get':
      return '';
    case 'same':
      return `wrk.method = 'POST'\nwrk.body = ${JSON.stringify(requests.body)}\nwrk.headers = ${JSON_HEADER}`;
    case 'buyers':
      return buyers(requests.productId);
    case 'in_turn':
      return fromFile(requests.requests, 1, 'at, line = 1, lines[1]');
    case 'once':
      // What is sent then is not what was to be measured: whoever reads the figures throws them away.
      return fromFile(requests.requests, threads, 'ran_out, line = 1, lines[1]');
  }
}

function buyers(productId: number): string {
  const run = crypto.randomUUID().slice(0, 8);
  return `
local made = 0
function request()
  made = made + 1
  local name = string.format('${run}-%d-%012d', id, made)
  local body = '{"product_id":${productId},"quantity":1,"ttl":300,"buyer_id":"buyer-' .. name .. '"}'
  return wrk.format('POST', nil, { ['content-type'] = 'application/json', ['idempotency-key'] = 'basket-' .. name }, body)
end`;
}

/** Every thread takes one line in `share`, and makes requests of them before the time begins. */
function fromFile(requests: readonly Prepared[], share: number, atEnd: string): string {
  const file = scratchFile('requests.txt');
  const lines = requests.map(({ body, headers = {} }) =>
    [...Object.entries(headers).flat(), body].join('\t'),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  return `
ran_out = 0
local lines, at = {}, 0
function init()
  local number = 0
  for line in io.lines(${JSON.stringify(file)}) do
    if number % ${share} == id % ${share} then
      local headers, name = ${JSON_HEADER}, nil
      for field in string.gmatch(line, '([^\\t]*)\\t') do
        if name then headers[name], name = field, nil else name = field end
      end
      lines[#lines + 1] = wrk.format('POST', nil, headers, string.match(line, '[^\\t]*$'))
    end
    number = number + 1
  end
end
function request()
  at = at + 1
  local line = lines[at]
  if not line then ${atEnd} end
  return line
end`;
}
