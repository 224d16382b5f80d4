/** The proxy of docker-compose.yml: a real HAProxy with the repository's own configuration, and other addresses in it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinaries } from '../embedded/binaries.ts';
import type { Listening } from '../server.ts';
import { installed } from './installed.ts';
import { freePort } from './free-port.ts';
import { startNameServer, type NameServer } from './name-server.ts';
import { until } from './until.ts';

export const PROXY_FILE = join(import.meta.dir, '../compose/haproxy.cfg');
export const PROXY_CONFIGURATION = readFileSync(PROXY_FILE, 'utf8');
const { setpriv } = findBinaries();

/** All replicas listen on the same ports, each at an address of its own, as containers do. */
export interface ReplicaPorts {
  readonly public: number;
  readonly ops: number;
}

export interface Proxy {
  readonly listening: Listening;
  readonly healthUrl: string;
  /** As Prometheus writes a target: host and port. */
  readonly metrics: string;
  /** Where it finds its replicas. */
  readonly names: NameServer;
}

/** @returns when it has found a replica */
export async function startProxy(addresses: readonly string[], replicas: ReplicaPorts): Promise<Proxy> {
  const haproxy = await installed('haproxy', 'haproxy');
  const names = await startNameServer(addresses);
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-proxy-'));
  const file = join(folder, 'haproxy.cfg');
  const ports = { public: freePort(), ops: freePort(), health: freePort(), metrics: freePort() };
  const here = configuration({
    'maxconn 20000': 'maxconn 400',
    '127.0.0.11:53': `127.0.0.1:${names.port}`,
    'bind :8000': `bind 127.0.0.1:${ports.public}`,
    'bind :8001': `bind 127.0.0.1:${ports.ops}`,
    'bind 127.0.0.1:8404': `bind 127.0.0.1:${ports.health}`,
    'bind :8405': `bind 127.0.0.1:${ports.metrics}`,
    'api:8000': `api:${replicas.public}`,
    'api:8001': `api:${replicas.ops}`,
    'check port 8001': `check port ${replicas.ops}`,
  });
  writeFileSync(file, here);
  const command = [haproxy, '-q', '-db', '-f', file];
  const child = Bun.spawn(setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', ...command] : command, {
    stdout: 'ignore',
    stderr: 'ignore',
  });
  const healthUrl = `http://127.0.0.1:${ports.health}/health`;
  await until(async () => (await fetch(healthUrl)).status === 200);
  return {
    listening: {
      url: `http://127.0.0.1:${ports.public}`,
      opsUrl: `http://127.0.0.1:${ports.ops}`,
      async stop() {
        child.kill('SIGKILL');
        await child.exited;
        names.close();
        rmSync(folder, { recursive: true, force: true });
      },
    },
    healthUrl,
    metrics: `127.0.0.1:${ports.metrics}`,
    names,
  };
}

/** @param replaced is found once each. */
function configuration(replaced: Readonly<Record<string, string>>): string {
  return Object.entries(replaced).reduce((text, [there, here]) => {
    const parts = text.split(there);
    if (parts.length !== 2) throw new Error(`haproxy.cfg: expected "${there}" once`);
    return parts.join(here);
  }, PROXY_CONFIGURATION);
}
