/**
 * A whole installation on this machine: two APIs, two workers, Redis and MariaDB, each a process of its own, with a
 * link between every process and every store. All of it lives in one folder that is removed at the end.
 */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from '../../embedded/binaries.ts';
import { startMariaDb } from '../../embedded/mariadb.ts';
import { isSameProcess, processIdentity } from '../../embedded/process-identity.ts';
import { startRedis } from '../../embedded/redis.ts';
import type { RunningStore } from '../../embedded/running-store.ts';
import { createServices, type Services } from '../../services.ts';
import { requireServers } from '../stores.ts';
import { testConfig } from '../world.ts';
import { Link } from './link.ts';
import { startService, type Service } from './service.ts';
import { copySources, type MutantName } from './sources.ts';

export const SERVICE_NAMES = ['api0', 'api1', 'worker0', 'worker1'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];
export const API_NAMES = ['api0', 'api1'] as const satisfies readonly ServiceName[];
export type ApiName = (typeof API_NAMES)[number];

interface Links {
  readonly redis: Link;
  readonly mariadb: Link;
}

const PREFIX = join(tmpdir(), 'flash-sale-faults-');

export class Stack {
  readonly folder: string;
  /** Of each API, on one port. */
  readonly processes: number;
  readonly webhookSecret = `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString('base64')}`;
  readonly services = {} as Record<ServiceName, Service>;
  readonly links = {} as Record<ServiceName, Links>;
  sourcesHash = '';
  redis!: RunningStore;
  mariadb!: RunningStore;
  /** Where the present Redis has its data. */
  redisFolder!: string;
  #binaries!: Binaries;
  #redisFolders = 0;
  #starts = 0;
  /** Every store that was started and may live: nothing else is ever killed. */
  readonly #stores = new Set<RunningStore>();
  readonly #cleanUp = () => this.#killAndRemove();

  /** Resolves when both APIs listen and both workers work, on stores with all tables and no sale. */
  static async start(mutant: MutantName | null, processes = 1): Promise<Stack> {
    const stack = new Stack(processes);
    try {
      await stack.#open(mutant);
      return stack;
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  private constructor(processes: number) {
    this.processes = processes;
    removeAbandoned();
    this.folder = mkdtempSync(PREFIX);
    writeFileSync(join(this.folder, 'owner'), `${process.pid} ${processIdentity(process.pid)}`);
    process.on('exit', this.#cleanUp);
  }

  async #open(mutant: MutantName | null): Promise<void> {
    this.sourcesHash = copySources(this.#path('code'), mutant);
    mkdirSync(this.#path('logs'));
    this.#binaries = await requireServers({ redis: true, mysql: true });
    await Promise.all([this.startRedis(this.newRedisFolder()), this.startMariaDb()]);
    await this.#migrate();
    for (const name of SERVICE_NAMES) {
      const [redis, mariadb] = await Promise.all([
        Link.open(this.redis.socket),
        Link.open(this.mariadb.socket),
      ]);
      this.links[name] = { redis, mariadb };
    }
    await Promise.all(SERVICE_NAMES.map((name) => this.startService(name)));
  }

  /** By the copy's own migrations: a mutant may have others. */
  async #migrate(): Promise<void> {
    const child = Bun.spawn([process.execPath, this.#path('code/drizzle/migrate.ts')], {
      cwd: this.#path('code'),
      env: { PATH: process.env['PATH'] ?? '', DATABASE_URL: this.mariadb.url },
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const [code, words] = await Promise.all([child.exited, child.stderr.text()]);
    if (code !== 0) throw new Error(`the migration failed: ${words}`);
  }

  // ---- stores ----

  newRedisFolder(): string {
    this.#redisFolders += 1;
    return this.#path(`redis-${this.#redisFolders}`);
  }

  /** Starts on that folder's data, or on none. Each start has a socket of its own: two may live at a time. */
  async startAnotherRedis(folder: string): Promise<RunningStore> {
    this.#starts += 1;
    const store = await startRedis({
      dataDir: folder,
      runDir: this.#path(`r${this.#starts}`),
      logFile: this.#path('logs/redis.log'),
      binaries: this.#binaries,
    });
    return this.#remember(store);
  }

  /** All links that are opened from now on lead to it. */
  useRedis(store: RunningStore, folder: string, names: readonly ServiceName[] = SERVICE_NAMES): void {
    this.redis = store;
    this.redisFolder = folder;
    for (const name of names) {
      if (this.links[name] !== undefined) this.links[name].redis.target = store.socket;
    }
  }

  async startRedis(folder: string = this.redisFolder): Promise<void> {
    this.useRedis(await this.startAnotherRedis(folder), folder);
  }

  async startMariaDb(): Promise<void> {
    const options = { dataDir: this.#path('mariadb'), runDir: this.#path('m'), binaries: this.#binaries };
    this.mariadb = this.#remember(
      await startMariaDb({ ...options, logFile: this.#path('logs/mariadb.log') }),
    );
  }

  #remember(store: RunningStore): RunningStore {
    this.#stores.add(store);
    void store.exited.then(() => this.#stores.delete(store));
    return store;
  }

  /** What a replica that lags behind would have. Null when Redis was just rewriting its file. */
  copyRedisData(): string | null {
    const manifest = join(this.redisFolder, 'appendonlydir/appendonly.aof.manifest');
    const before = readFileSync(manifest, 'utf8');
    const folder = this.newRedisFolder();
    cpSync(this.redisFolder, folder, { recursive: true });
    const isWhole =
      before === readFileSync(manifest, 'utf8') && before === readFileSync(manifestOf(folder), 'utf8');
    return isWhole ? folder : null;
  }

  // ---- services ----

  async startService(name: ServiceName): Promise<Service> {
    this.#starts += 1;
    const { redis, mariadb } = this.links[name];
    this.services[name] = await startService({
      name,
      script: name.startsWith('api') ? 'server.ts' : 'worker.ts',
      sources: this.#path('code'),
      logFile: this.#path(`logs/${name}-${this.#starts}.log`),
      redisUrl: `redis://127.0.0.1:${redis.port}`,
      databaseUrl: `mysql://root@127.0.0.1:${mariadb.port}/${new URL(this.mariadb.url).pathname.slice(1)}`,
      webhookSecret: this.webhookSecret,
      processes: this.processes,
    });
    return this.services[name];
  }

  /** Fresh connections to the stores themselves, past all links. Close them. @throws when a store is away */
  async look(): Promise<Services> {
    const services = createServices(testConfig(), {
      redis: this.redis.url,
      databaseUrl: this.mariadb.url,
    });
    try {
      await services.ready(5_000);
      return services;
    } catch (error) {
      await services.close();
      throw error;
    }
  }

  get logFolder(): string {
    return this.#path('logs');
  }

  /** Ends every process that was started here, and removes the folder. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.services).map((service) => service.kill()));
    for (const { redis, mariadb } of Object.values(this.links)) {
      redis.close();
      mariadb.close();
    }
    await Promise.all([...this.#stores].map((store) => store.kill()));
    this.#killAndRemove();
    process.off('exit', this.#cleanUp);
  }

  #killAndRemove(): void {
    for (const { pid, identity } of this.#stores) {
      if (isSameProcess(pid, identity)) process.kill(pid, 'SIGKILL');
    }
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #path(below: string): string {
    return join(this.folder, below);
  }
}

/** Folders of campaigns that were killed -9. Their processes ended with them. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name);
    const owner = join(folder, 'owner');
    if (!folder.startsWith(PREFIX) || !existsSync(owner)) continue;
    const [pid = '', ...identity] = readFileSync(owner, 'utf8').split(' ');
    if (!isSameProcess(Number(pid), identity.join(' '))) rmSync(folder, { recursive: true, force: true });
  }
}

function manifestOf(folder: string): string {
  return join(folder, 'appendonlydir/appendonly.aof.manifest');
}
