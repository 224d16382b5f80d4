/** What the terminal is told at its start: by flags, by the environment, by the contexts file, in this order. */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  EnvironmentError,
  parseEnvironment,
  text,
  type Values,
  type Variable,
} from '@flash-sale/shared/environment.ts';
import {
  FRAMES_PER_SECOND_DEFAULT,
  FRAMES_PER_SECOND_MAX,
  FRAMES_PER_SECOND_OVER_SSH,
} from '@flash-sale/shared/limits.ts';
import {
  namesOf,
  isToken,
  readContexts,
  readTokenFile,
  SettingsFault,
  TOKEN_EXPECTED,
  tokenOf,
  URL_EXPECTED,
  usableUrl,
  type ContextColor,
  type TokenSource,
} from './contexts.ts';

const orNull = (expected: string, parse: (value: string) => string | undefined): Variable<string | null> => ({
  expected,
  fallback: null,
  parse,
});

const isSet: Variable<boolean> = { expected: 'anything', fallback: false, parse: () => true };
const WORDS_OF_YES_AND_NO = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** Every variable that is meant for the terminal; `.env.example` lists the same. */
const ENVIRONMENT = {
  FLASHSALE_URL: { ...orNull(URL_EXPECTED, usableUrl), secret: true },
  FLASHSALE_CONTEXT: orNull('the name of a context', (value) => value),
  FLASHSALE_TOKEN_FILE: orNull('a path', (value) => value),
  OPERATOR_TOKEN: {
    ...orNull(TOKEN_EXPECTED, (value) => (isToken(value) ? value : undefined)),
    secret: true,
  },
  FLASHSALE_READ_ONLY: {
    expected: 'true or false',
    fallback: null,
    parse: (value) => WORDS_OF_YES_AND_NO.get(value),
  } as Variable<boolean | null>,
  DATA_DIR: text('.flashsale'),
  NO_COLOR: isSet,
  INK_SCREEN_READER: {
    expected: 'true, as Ink reads it',
    fallback: false,
    parse: (value) => value === 'true',
  } as Variable<boolean>,
} as const satisfies Record<string, Variable<unknown>>;

/** Set by the machine that the terminal runs on. */
const SURROUNDINGS = {
  TERM: text(''),
  SSH_TTY: isSet,
  HOME: text(homedir()),
  XDG_CONFIG_HOME: text(''),
} as const satisfies Record<string, Variable<unknown>>;

export type Environment = Readonly<Record<string, string | undefined>>;
type Told = Values<typeof ENVIRONMENT & typeof SURROUNDINGS>;

/** Of the terminal and of every command. */
export const SHARED_FLAGS = {
  context: { type: 'string' },
  url: { type: 'string' },
  'read-only': { type: 'boolean' },
  write: { type: 'boolean' },
  ascii: { type: 'boolean' },
  'no-color': { type: 'boolean' },
} as const;

const FLAGS = {
  ...SHARED_FLAGS,
  mouse: { type: 'boolean' },
  linear: { type: 'boolean' },
  'reduced-motion': { type: 'boolean' },
  fps: { type: 'string' },
  // Of `bun start`, which opens the terminal on the stack that it started.
  'with-stack': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;
export type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'];

export const USAGE = `Usage: flashsale [flags]            opens the terminal
       flashsale COMMAND [flags]    does it without a screen; flashsale help lists what there is

  --context NAME     an installation of the contexts file (FLASHSALE_CONTEXT)
  --url URL          the operators' listener (FLASHSALE_URL); default http://127.0.0.1:8001
  --read-only        change nothing (FLASHSALE_READ_ONLY); so is a context named prod or production
  --write            change things where it would be read-only
  --ascii            no characters beyond ASCII in frames and bars
  --no-color         no colours (NO_COLOR)
  --mouse            wheel and clicks; text is then selected with shift
  --linear           lines instead of a screen, for screen readers (INK_SCREEN_READER)
  --reduced-motion   bars and countdowns move in whole seconds
  --fps N            frames per second, 1 to ${FRAMES_PER_SECOND_MAX}; default ${FRAMES_PER_SECOND_DEFAULT}, over SSH ${FRAMES_PER_SECOND_OVER_SSH}
  --help, --version

A context has a token of its own. For a URL it is OPERATOR_TOKEN, or in the file FLASHSALE_TOKEN_FILE; on this machine it
may also be the one that \`bun start\` made. Contexts are in ~/.config/flashsale/contexts.toml:

  current = "staging"
  [contexts.staging]
  url = "https://ops.staging.example.com"
  api_url = "https://staging.example.com"
  token_file = "~/.config/flashsale/staging.token"
  color = "green"
  read_only = false
`;

const LOCAL_URL = 'http://127.0.0.1:8001';
const LOCAL_API_URL = 'http://127.0.0.1:8000';

/** Where the terminal is connected to, and as whom. */
interface Target {
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

export interface Settings extends Target {
  /** Where it is, or would be. */
  readonly contextsFile: string;
  readonly ascii: boolean;
  readonly color: 'none' | 'default';
  readonly framesPerSecond: number;
  readonly mouse: boolean;
  readonly linear: boolean;
  readonly reducedMotion: boolean;
  readonly isOverSsh: boolean;
  /** The API runs for this terminal, and ends with it. */
  readonly withStack: boolean;
}

export type Start =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'help' | 'version' }
  /** For the person at the terminal; the program ends with 2. */
  | { readonly kind: 'fault'; readonly message: string };

export function readSettings(
  argv: readonly string[] = process.argv.slice(2),
  environment: Environment = process.env,
): Start {
  try {
    const flags = flagsOf(argv);
    if (flags.help === true) return { kind: 'help' };
    if (flags.version === true) return { kind: 'version' };
    return { kind: 'settings', settings: settingsOf(flags, environment) };
  } catch (error) {
    if (!(error instanceof SettingsFault || error instanceof EnvironmentError)) throw error;
    return { kind: 'fault', message: error.message };
  }
}

/** What is no flag, before any is known but the terminal's: the command, with more behind it; empty: the terminal. */
export function wordsOf(argv: readonly string[]): string[] {
  return parseArgs({ args: [...argv], options: FLAGS, strict: false }).positionals;
}

/** @throws SettingsFault, EnvironmentError */
export function settingsOf(flags: Flags, environment: Environment): Settings {
  const told = parseEnvironment({ ...ENVIRONMENT, ...SURROUNDINGS }, environment);
  const isOverSsh = told.SSH_TTY;
  const target = targetOf(flags, told, environment);
  return {
    ...target,
    ...lookOf(flags, environment),
    contextsFile: contextsFile(told),
    readOnly: isReadOnly(flags, told) ?? target.readOnly,
    framesPerSecond: framesOf(flags) ?? (isOverSsh ? FRAMES_PER_SECOND_OVER_SSH : FRAMES_PER_SECOND_DEFAULT),
    mouse: flags.mouse === true,
    linear: flags.linear === true || told.INK_SCREEN_READER,
    reducedMotion: flags['reduced-motion'] === true,
    isOverSsh,
    withStack: flags['with-stack'] === true,
  };
}

/** What is told apart from where: nothing in it can be at fault. */
export function lookOf(flags: Flags, environment: Environment): Pick<Settings, 'ascii' | 'color'> {
  const isDumb = environment['TERM'] === 'dumb';
  const isPlain = flags['no-color'] === true || Boolean(environment['NO_COLOR']) || isDumb;
  return { ascii: flags.ascii === true || isDumb, color: isPlain ? 'none' : 'default' };
}

/** @throws SettingsFault */
function flagsOf(argv: readonly string[]): Flags {
  try {
    return parseArgs({ args: [...argv], options: FLAGS }).values;
  } catch (error) {
    throw usageFault(error instanceof Error ? error.message : String(error));
  }
}

const usageFault = (message: string): SettingsFault => new SettingsFault(`${message}\n\n${USAGE}`);

/** @throws SettingsFault */
function framesOf({ fps }: Flags): number | null {
  if (fps === undefined) return null;
  const isUsable = /^\d{1,2}$/.test(fps) && Number(fps) >= 1 && Number(fps) <= FRAMES_PER_SECOND_MAX;
  if (!isUsable) throw usageFault(`--fps: expected a number from 1 to ${FRAMES_PER_SECOND_MAX}`);
  return Number(fps);
}

/** @returns null when nobody said. @throws SettingsFault */
function isReadOnly(flags: Flags, told: Told): boolean | null {
  if (flags.write === true && flags['read-only'] === true) {
    throw usageFault('--read-only and --write exclude each other');
  }
  if (flags.write === true) return false;
  return flags['read-only'] ?? told.FLASHSALE_READ_ONLY;
}

/** @throws SettingsFault */
function targetOf(flags: Flags, told: Told, environment: Environment): Target {
  if (flags['with-stack'] === true) {
    const own = { ...told, FLASHSALE_TOKEN_FILE: null, FLASHSALE_URL: null };
    return addressed(urlOf(flags) ?? LOCAL_URL, own);
  }
  const name = flags.context ?? (flags.url === undefined ? told.FLASHSALE_CONTEXT : null);
  const url = urlOf(flags) ?? (flags.context === undefined ? told.FLASHSALE_URL : null);
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

/** @throws SettingsFault */
function urlOf({ url }: Flags): string | null {
  if (url === undefined) return null;
  const usable = usableUrl(url);
  if (usable === undefined) throw usageFault(`--url: expected ${URL_EXPECTED}`);
  return usable;
}

/** Where the contexts are written down, and what `~` is in them. */
export function contextsFileOf(environment: Environment): { file: string; home: string } {
  const told = parseEnvironment(SURROUNDINGS, environment);
  return { file: contextsFile(told), home: told.HOME };
}

function contextsFile({ HOME, XDG_CONFIG_HOME }: Pick<Told, 'HOME' | 'XDG_CONFIG_HOME'>): string {
  const folder = isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(HOME, '.config');
  return join(folder, 'flashsale', 'contexts.toml');
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

/** Before anything that paints is loaded: the library that does reads the environment once, and not NO_COLOR. */
export function prepareEnvironment({ color }: Settings): void {
  if (color === 'none') process.env['FORCE_COLOR'] = '0';
  // With it Ink looks for developers' tools that are not here.
  delete process.env['DEV'];
  process.env['NODE_ENV'] ??= 'production';
}

/** What the terminal is that the program runs in, and what decides how text reaches the clipboard. */
export function surroundingsOf(environment: Environment = process.env) {
  const { TERM: term = '', LC_ALL, LC_CTYPE, LANG = '' } = environment;
  return {
    term,
    /** Of characters. */
    locale: LC_ALL || LC_CTYPE || LANG,
    isOverSsh: Boolean(environment['SSH_TTY']),
    isInsideTmux: Boolean(environment['TMUX']),
    hasWayland: Boolean(environment['WAYLAND_DISPLAY']),
    hasX11: Boolean(environment['DISPLAY']),
    pager: ['sh', '-c', environment['PAGER'] || 'less'],
  };
}

/** What a payment provider signs with: the newest of the secrets; null when there is none. */
export function webhookSecretOf(environment: Environment): string | null {
  return environment['WEBHOOK_SECRET']?.split(',')[0]?.trim() || null;
}

/** For who hands it on: nobody else reads it. */
export const PROCESS_ENVIRONMENT: Environment = process.env;
