/** A server of somebody else's that tests need: on a free loopback port, ended with us. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinaries } from '@flash-sale/api/embedded/binaries.ts';
import { spawnChild } from '@flash-sale/api/embedded/child.ts';
import { freePort } from '@flash-sale/api/test/free-port.ts';

export interface Program {
  readonly name: string;
  /**
   * @param address where it shall listen
   * @param folder of its own, for its data
   */
  readonly command: (address: string, folder: string) => string[];
  /** Answers 200 once it is ready. */
  readonly readyPath: string;
}

export interface Running {
  /** As Prometheus writes a target: host and port. */
  readonly address: string;
  readonly stop: () => Promise<void>;
}

const { setpriv } = findBinaries();
const START_MS = 30_000;
/** Another program can take the port between our finding it free and the server's start. */
const TRIES = 3;

/** @throws with its own words when it does not start */
export async function startProgram(program: Program): Promise<Running> {
  for (let tries = 1; ; tries += 1) {
    const started = await tryToStart(program);
    if (typeof started !== 'string') return started;
    if (tries === TRIES || !/address already in use/i.test(started)) {
      throw new Error(`${program.name} did not start:\n${started}`);
    }
  }
}

/** @returns its last words when it does not start */
async function tryToStart({ name, command, readyPath }: Program): Promise<Running | string> {
  const folder = mkdtempSync(join(tmpdir(), `flash-sale-${name}-`));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const logFile = join(folder, 'log');
  const address = `127.0.0.1:${freePort()}`;
  const child = spawnChild({
    command: command(address, folder),
    logFile,
    setpriv,
    deathSignal: 'KILL',
  });
  process.once('exit', removeFolder);
  const stop = async () => {
    await child.kill();
    process.off('exit', removeFolder);
    removeFolder();
  };
  let hasEnded = false;
  void child.exited.then(() => (hasEnded = true));
  const untilMs = performance.now() + START_MS;
  while (!hasEnded && performance.now() < untilMs) {
    if (await isReady(`http://${address}${readyPath}`)) return { address, stop };
    await Bun.sleep(20);
  }
  const said = readFileSync(logFile, 'utf8').slice(-2_000);
  await stop();
  return said;
}

async function isReady(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
