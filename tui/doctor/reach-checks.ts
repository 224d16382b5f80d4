/** The way to the operators' listener, step by step: its name, its port, and what answers there. */

import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { DOCTOR_PATIENCE_MS } from '@flash-sale/shared/terminal-limits.ts';
import { firstWords } from '../fault-words.ts';
import { safe } from '../look/text.ts';
import { no, ok, type Check } from './check.ts';
import { documentOf, isOfOperators, type ApiDocument } from './contract.ts';

/** Ends with the first step that fails. @returns null: what answers, if anything, is not this API */
export async function* reachChecks(url: string): AsyncGenerator<Check, ApiDocument | null> {
  const { hostname, port, protocol, host } = new URL(url);
  const name = hostname.replaceAll(/^\[|\]$/g, '');
  const portNumber = Number(port || (protocol === 'https:' ? 443 : 80));

  const addresses = await lookup(name, { all: true }).catch(() => null);
  if (addresses === null) {
    yield no(
      'address',
      `there is no host ${name}`,
      'correct the URL, or see to the network and its name server',
    );
    return null;
  }
  yield ok('address', `${name} is ${[...new Set(addresses.map(({ address }) => address))].join(', ')}`);

  const connected = await tryPort(name, portNumber);
  if (connected.fault !== null) {
    const fix =
      'start the API (OPS_PORT and OPS_HOST say where it listens), correct the URL, or open the way';
    yield no('port', `${host} does not connect: ${connected.fault}`, fix);
    return null;
  }
  yield ok('port', `connects in ${connected.tookMs.toFixed(1)} ms`);

  const listener = await askListener(url);
  yield listener.check;
  return listener.document;
}

async function tryPort(host: string, port: number): Promise<{ fault: string | null; tookMs: number }> {
  const startedAtMs = performance.now();
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = connect({ host, port, timeout: DOCTOR_PATIENCE_MS });
  socket.once('connect', () => resolve(null));
  socket.once('timeout', () => resolve(`nobody answers within ${DOCTOR_PATIENCE_MS / 1_000} s`));
  socket.once('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code === 'ECONNREFUSED' ? 'nothing listens there' : (error.code ?? error.message)),
  );
  const fault = await promise;
  socket.destroy();
  return { fault, tookMs: performance.now() - startedAtMs };
}

interface Listener {
  readonly check: Check;
  readonly document: ApiDocument | null;
}

/** Sends no token: it is not known yet whom it would reach. */
async function askListener(url: string): Promise<Listener> {
  const startedAtMs = performance.now();
  const notOurs = (says: string, fix: string): Listener => ({
    check: no('listener', says, fix),
    document: null,
  });
  try {
    const response = await fetch(`${url}/openapi.json`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(DOCTOR_PATIENCE_MS),
    });
    const document = documentOf(await response.json().catch(() => null));
    const tookMs = performance.now() - startedAtMs;
    if (document === null) {
      return notOurs(
        `${whatAnswers(response)}: not this API`,
        'correct the URL: the listener is at OPS_PORT of the API',
      );
    }
    if (!isOfOperators(document)) {
      return notOurs(
        `this is the listener of buyers (${safe(document.title)})`,
        "give the operators' listener: OPS_PORT of the API, 8001 unless told otherwise",
      );
    }
    return {
      check: ok('listener', `${safe(document.title)} ${safe(document.version)}, in ${tookMs.toFixed(1)} ms`),
      document,
    };
  } catch (fault) {
    const { code, says } = wordsOf(fault);
    if (/CERT|SSL|TLS|SIGNATURE/i.test(code)) {
      return notOurs(
        `its certificate is not accepted: ${code}`,
        'renew it, or name its authority with NODE_EXTRA_CA_CERTS',
      );
    }
    return notOurs(
      `does not answer over HTTP: ${says}`,
      'see that the API is not stuck, and that http or https is right in the URL',
    );
  }
}

function wordsOf(fault: unknown): { code: string; says: string } {
  if (!(fault instanceof Error)) return { code: '', says: String(fault) };
  const code = 'code' in fault && typeof fault.code === 'string' ? fault.code : '';
  if (fault.name === 'TimeoutError') {
    return { code, says: `nothing came within ${DOCTOR_PATIENCE_MS / 1_000} s` };
  }
  return { code, says: safe(firstWords(fault)) };
}

function whatAnswers({ status, headers }: Response): string {
  const location = headers.get('location');
  if (location !== null) return `answers ${status} and leads to ${safe(location)}`;
  const what = [headers.get('content-type') ?? 'no content', headers.get('server')]
    .filter(Boolean)
    .join(' of ');
  return `answers ${status} with ${safe(what)}`;
}
