/** Where the terminal is connected to, and as whom: told by flags, by the environment, by the contexts file. */

import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  namesOf,
  readContexts,
  readTokenFile,
  SettingsFault,
  tokenOf,
  type ContextColor,
  type TokenSource,
} from './contexts.ts';

const LOCAL_URL = 'http://127.0.0.1:8001';
const LOCAL_API_URL = 'http://127.0.0.1:8000';

export interface Target {
  /** `local`, or the host, where the file has no name for it. */
  readonly context: string;
  readonly contextColor: ContextColor | null;
  readonly url: string;
  /** Of the listener for buyers and payment providers; null: nobody said, and it is not the usual one on this machine. */
  readonly apiUrl: string | null;
  readonly token: string;
  /** For people; of a file, its path. */
  readonly tokenFrom: { readonly kind: 'contexts' | 'file' | 'variable'; readonly name: string };
  readonly readOnly: boolean;
}

/** What the environment said. */
interface Told {
  readonly FLASHSALE_URL: string | null;
  readonly FLASHSALE_CONTEXT: string | null;
  readonly FLASHSALE_TOKEN_FILE: string | null;
  readonly OPERATOR_TOKEN: string | null;
  readonly DATA_DIR: string;
  readonly HOME: string;
  readonly XDG_CONFIG_HOME: string;
}

/** What flags said. */
interface Asked {
  readonly context: string | null;
  readonly url: string | null;
  /** It is the stack that this terminal was opened on. */
  readonly withStack: boolean;
}

/** @throws SettingsFault */
export function targetOf(
  asked: Asked,
  told: Told,
  environment: Readonly<Record<string, string | undefined>>,
): Target {
  if (asked.withStack) {
    const own = { ...told, FLASHSALE_TOKEN_FILE: null, FLASHSALE_URL: null };
    return addressed(asked.url ?? LOCAL_URL, own);
  }
  const name = asked.context ?? (asked.url === null ? told.FLASHSALE_CONTEXT : null);
  const url = asked.url ?? (asked.context === null ? told.FLASHSALE_URL : null);
  if (name !== null && url !== null) {
    throw new SettingsFault(
      'Both a context and a URL are given (--context or FLASHSALE_CONTEXT, --url or FLASHSALE_URL). A context has a URL of its own: leave one out.',
    );
  }
  if (url !== null) return addressed(url, told);
  const file = contextsFile(told);
  const { current, all } = readContexts(file, told.HOME);
  const wanted = name ?? current;
  if (wanted === null) return addressed(LOCAL_URL, told);
  const context = all.find((one) => one.name === wanted);
  if (context === undefined) {
    const names = namesOf(all.map((one) => one.name));
    throw new SettingsFault(`There is no context ${wanted} in ${file}: ${names}.`);
  }
  return {
    context: context.name,
    contextColor: context.color,
    url: context.url,
    apiUrl: context.apiUrl ?? localApiUrl(context.url),
    token: tokenOf(context, environment),
    tokenFrom: placeOf(context.token, file),
    readOnly: context.readOnly,
  };
}

function placeOf(source: TokenSource, contexts: string): Target['tokenFrom'] {
  switch (source.kind) {
    case 'text':
      return { kind: 'contexts', name: contexts };
    case 'file':
      return { kind: 'file', name: source.path };
    case 'variable':
      return { kind: 'variable', name: source.name };
  }
}

/** @throws SettingsFault where it would have to guess whose token to send */
function addressed(url: string, told: Told): Target {
  const isLocal = isOnThisMachine(url);
  const found = environmentToken(url, told) ?? (isLocal ? stackToken(url, told) : null);
  if (found === null) {
    throw new SettingsFault(
      `There is no token for ${url}: set OPERATOR_TOKEN or FLASHSALE_TOKEN_FILE, or write a context for it into ${contextsFile(told)}.`,
    );
  }
  return {
    context: isLocal ? 'local' : new URL(url).host,
    contextColor: null,
    url,
    apiUrl: localApiUrl(url),
    ...found,
    readOnly: false,
  };
}

type FoundToken = Pick<Target, 'token' | 'tokenFrom'>;

function isOnThisMachine(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

/** Beside another port may be another installation. */
function localApiUrl(opsUrl: string): string | null {
  return isOnThisMachine(opsUrl) && new URL(opsUrl).port === new URL(LOCAL_URL).port ? LOCAL_API_URL : null;
}

/** @throws SettingsFault */
function environmentToken(url: string, told: Told): FoundToken | null {
  const { OPERATOR_TOKEN, FLASHSALE_TOKEN_FILE, FLASHSALE_URL } = told;
  if (OPERATOR_TOKEN === null && FLASHSALE_TOKEN_FILE === null) return null;
  if (OPERATOR_TOKEN !== null && FLASHSALE_TOKEN_FILE !== null) {
    throw new SettingsFault('OPERATOR_TOKEN and FLASHSALE_TOKEN_FILE are both set: unset one.');
  }
  if (FLASHSALE_URL !== null && FLASHSALE_URL !== url) {
    throw new SettingsFault(
      `The token in the environment is for FLASHSALE_URL, ${FLASHSALE_URL}, and is not sent to ${url}: set both for the same place, or use a context.`,
    );
  }
  if (OPERATOR_TOKEN !== null) {
    return { token: OPERATOR_TOKEN, tokenFrom: { kind: 'variable', name: 'OPERATOR_TOKEN' } };
  }
  return tokenIn(FLASHSALE_TOKEN_FILE ?? '');
}

/** The one that `start` made. @throws SettingsFault */
function stackToken(url: string, { DATA_DIR }: Told): FoundToken {
  const file = join(DATA_DIR, 'operator-token');
  if (existsSync(file)) return tokenIn(file);
  throw new SettingsFault(
    `There is no token for ${url}: \`bun start\` makes one in ${file}. For an API that was started otherwise set OPERATOR_TOKEN or FLASHSALE_TOKEN_FILE.`,
  );
}

/** @throws SettingsFault */
function tokenIn(file: string): FoundToken {
  return { token: readTokenFile(file), tokenFrom: { kind: 'file', name: file } };
}

/** Where it is, or would be. */
export function contextsFile({ HOME, XDG_CONFIG_HOME }: Pick<Told, 'HOME' | 'XDG_CONFIG_HOME'>): string {
  const folder = isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(HOME, '.config');
  return join(folder, 'flashsale', 'contexts.toml');
}
