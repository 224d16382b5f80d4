/**
 * Something that can be done without a screen. One list of these (`commands.ts`) is what is understood, the help, the
 * completion of shells, the reference and what is refused in a read-only context.
 */

import type { Answer, Api } from '../api.ts';
import type { ChangeHeaders } from '../change-headers.ts';
import type { Environment, Settings } from '../config.ts';
import type { Out, Shape } from './output.ts';
import type { Flags, ValuesOf, Words } from './taken.ts';

/** What a command stands on: the process, or a test. */
export interface Io {
  readonly environment: Environment;
  /** Data. */
  readonly out: { readonly isTty: boolean; readonly columns: number; write(text: string): void };
  /** People. */
  readonly err: { readonly isTty: boolean; write(text: string): void };
  readonly input: {
    readonly isTty: boolean;
    /** What is typed until enter; null when nothing more can be. */
    line(question: string): Promise<string | null>;
    /** All of it. */
    text(): Promise<string>;
  };
  /** Aborted by ctrl+c. */
  readonly signal: AbortSignal;
}

/** What every command has. */
export interface Here<Row, Takes, Has> {
  readonly words: ValuesOf<Takes>;
  readonly flags: ValuesOf<Has>;
  /** What it found, on stdout, as it was asked for. */
  readonly out: Out<Row>;
  /** A line for people, on stderr. */
  readonly say: (text: string) => void;
  readonly io: Io;
  /** @throws SettingsFault, EnvironmentError */
  readonly readSettings: () => Settings;
  readonly signal: AbortSignal;
}

/** What a command has that asks the API. */
export interface There<Row, Takes, Has> extends Here<Row, Takes, Has> {
  readonly settings: Settings;
  readonly api: Api;
  /**
   * Changes something, once, and says what came of it.
   * @throws Refused
   */
  readonly change: <Data>(send: (headers: ChangeHeaders) => Promise<Answer<Data>>) => Promise<Data>;
  /**
   * Says what will happen, and asks; with --yes it does not.
   * @param tells sentences @param word what has to be typed; "yes" when absent
   * @throws Ending when the answer is no, UsageFault when nobody can be asked
   */
  readonly confirm: (tells: readonly string[], word?: string) => Promise<void>;
}

interface Described<Row> {
  /** `holds release` */
  readonly words: string;
  /** "Release holds: their units return to stock at once" */
  readonly summary: string;
  /** What the summary leaves unsaid, in lines. */
  readonly details?: string;
  /** What it prints; absent when that is not rows. */
  readonly shape?: Shape<Row>;
  /** Prints row by row, for as long as it runs. */
  readonly isStream?: boolean;
  /** It cannot be taken back: it asks before, or needs --yes. */
  readonly isDestructive?: boolean;
  /** It changes nothing as an operator, or only what it made itself: no --reason. */
  readonly takesNoReason?: boolean;
}

interface Local<Row, Takes, Has> extends Described<Row> {
  readonly does: 'local';
  readonly takes: Takes;
  readonly flags: Has;
  run(at: Here<Row, Takes, Has>): Promise<number>;
}

interface Connected<Row, Takes, Has> extends Described<Row> {
  readonly does: 'looks' | 'changes';
  readonly takes: Takes;
  readonly flags: Has;
  run(at: There<Row, Takes, Has>): Promise<number>;
}

export type Command = Local<unknown, Words, Flags> | Connected<unknown, Words, Flags>;

/** A command that asks the API. */
export function command<Row, const Takes extends Words = {}, const Has extends Flags = {}>(
  told: Omit<Connected<Row, Takes, Has>, 'takes' | 'flags'> & { takes?: Takes; flags?: Has },
): Command {
  return { ...told, takes: told.takes ?? {}, flags: told.flags ?? {} } as Command;
}

/** A command that needs no API, no token and no context. */
export function localCommand<Row, const Takes extends Words = {}, const Has extends Flags = {}>(
  told: Omit<Local<Row, Takes, Has>, 'takes' | 'flags' | 'does'> & { takes?: Takes; flags?: Has },
): Command {
  return { ...told, does: 'local', takes: told.takes ?? {}, flags: told.flags ?? {} } as Command;
}
