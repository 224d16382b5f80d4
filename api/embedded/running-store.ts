/** What the two stores have in common. */

import { realpathSync } from 'node:fs';
import type { Binaries } from './binaries.ts';
import type { Child } from './child.ts';

export type StoreName = 'redis' | 'mariadb';

export type RunningStore = Child & {
  name: StoreName;
  version: string;
  /** What the API's clients connect to. */
  url: string;
  socket: string;
  adopted: boolean;
};

export interface StartOptions {
  /** The folder of this store's data, made if missing. */
  dataDir: string;
  /** A private (0700) folder for the socket. Its path must stay short: a socket's path has at most 107 bytes. */
  runDir: string;
  logFile?: string;
  binaries?: Binaries;
  /** Appended to the flags; the last one wins. */
  args?: string[];
  /** Called when a new data folder was made, with the time it took. */
  onPrepared?: (ms: number) => void;
  onSpawn?: (child: Child, socket: string) => void;
  deadlineMs?: number;
}

export interface Answer {
  version: string;
}

/** What differs between the stores, for code that treats them alike. */
export interface StoreKind {
  name: StoreName;
  /** In DATA_DIR. */
  folder: string;
  start(options: StartOptions): Promise<RunningStore>;
  ask(socket: string, dataDir: string): Promise<Answer>;
  url(socket: string): string;
}

/** A server that answers on our socket but serves another folder is not our store. */
export function assertServes(servedDir: string, dataDir: string): void {
  if (realpathSync(servedDir) !== realpathSync(dataDir)) {
    throw new Error(`serves ${servedDir}, not ${dataDir}`);
  }
}
