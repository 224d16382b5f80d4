/** What the terminal is told at its start: by flags, by the environment, by the contexts file, in this order. */

import { homedir } from 'node:os';
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
} from '@flash-sale/shared/terminal-limits.ts';
import {
  API_URL_EXPECTED,
  isToken,
  SettingsFault,
  TOKEN_EXPECTED,
  URL_EXPECTED,
  usableUrl,
} from './contexts.ts';
import { firstWords } from './fault-words.ts';
import { contextsFile, targetOf, type Target } from './target.ts';

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
  api: { type: 'string' },
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
  --api URL          the listener for buyers, where rehearsals go; else the api_url of the context
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
  const asked = {
    context: flags.context ?? null,
    url: urlOf('url', flags.url, URL_EXPECTED),
    withStack: flags['with-stack'] === true,
  };
  const target = targetOf(asked, told, environment);
  return {
    ...target,
    ...lookOf(flags, environment),
    apiUrl: urlOf('api', flags.api, API_URL_EXPECTED) ?? target.apiUrl,
    contextsFile: contextsFile(told),
    readOnly: isReadOnly(flags, told) ?? target.readOnly,
    framesPerSecond: framesOf(flags) ?? (isOverSsh ? FRAMES_PER_SECOND_OVER_SSH : FRAMES_PER_SECOND_DEFAULT),
    mouse: flags.mouse === true,
    linear: flags.linear === true || told.INK_SCREEN_READER,
    reducedMotion: flags['reduced-motion'] === true,
    isOverSsh,
    withStack: asked.withStack,
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
    throw usageFault(firstWords(error));
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
function urlOf(flag: string, value: string | undefined, expected: string): string | null {
  if (value === undefined) return null;
  const usable = usableUrl(value);
  if (usable === undefined) throw usageFault(`--${flag}: expected ${expected}`);
  return usable;
}

/** Where the contexts are written down, and what `~` is in them. */
export function contextsFileOf(environment: Environment): { file: string; home: string } {
  const told = parseEnvironment(SURROUNDINGS, environment);
  return { file: contextsFile(told), home: told.HOME };
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
