/** A line as it was typed -> what is done -> the exit code. */

import { connectApi, isUnanswered, refusalWords } from '../api.ts';
import { reasonHeader } from '../change-headers.ts';
import { lookOf, settingsOf, type Settings } from '../config.ts';
import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import { SettingsFault } from '../contexts.ts';
import { safe } from '../look/text.ts';
import { sendUntilAnswered } from '../until-answered.ts';
import type { Command, Here, Io, There } from './command.ts';
import { COMMANDS } from './commands.ts';
import { confirm } from './confirm.ts';
import { Ending, Refused, UsageFault } from './endings.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { helpAbout, helpOf, unknownWords } from './help.ts';
import { openOut } from './output.ts';
import { readCommand, type Asked } from './read-command.ts';

/**
 * Never throws.
 * @param words what is not a flag in `argv`, as `wordsOf` has it
 */
export async function runCommand(
  words: readonly string[],
  argv: readonly string[],
  io: Io,
  commands: readonly Command[] = COMMANDS,
): Promise<number> {
  const help = words[0] === 'help' ? helpAbout(words.slice(1), commands) : undefined;
  if (help !== undefined) {
    io.out.write(help);
    return EXIT.ok;
  }
  const command = find(words, commands);
  if (command === undefined) {
    io.err.write(`${unknownWords(words, commands)}\n`);
    return EXIT.usage;
  }
  try {
    const asked = readCommand(command, argv);
    if (asked === 'help') {
      io.out.write(helpOf(command));
      return EXIT.ok;
    }
    return await perform(asked, io);
  } catch (error) {
    return io.signal.aborted ? EXIT.interrupted : endOf(error, command, io);
  }
}

/** The longest that the words begin with. */
function find(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return [2, 1]
    .map((count) => words.slice(0, count).join(' '))
    .map((start) => commands.find((command) => command.words === start))
    .find((command) => command !== undefined);
}

function perform(asked: Asked, io: Io): Promise<number> {
  const { command, format, settings: flags } = asked;
  const { color, ascii } = lookOf(flags, io.environment);
  const isColored = io.out.isTty && color !== 'none';
  const paper = { ...io.out, isColored, isAscii: ascii };
  const here: Here<unknown, {}, {}> = {
    words: asked.words,
    flags: asked.flags,
    out: openOut(command.shape ?? NO_ROWS, format, paper),
    say: (text) => io.err.write(`${text}\n`),
    io,
    readSettings: () => settingsOf(flags, io.environment),
    signal: io.signal,
  };
  if (command.does === 'local') return command.run(here);
  const settings = here.readSettings();
  if (command.does === 'changes' && settings.readOnly) {
    throw new Ending(EXIT.conflict, `The context ${settings.context} is read-only: --write changes things.`);
  }
  return command.run(thereOf(here, settings, asked));
}

const NO_ROWS = { id: '', fields: [], columns: [] };

function thereOf(here: Here<unknown, {}, {}>, settings: Settings, asked: Asked): There<unknown, {}, {}> {
  const { io, say } = here;
  const key = asked.idempotencyKey ?? crypto.randomUUID();
  let changes = 0;
  return {
    ...here,
    settings,
    api: connectApi(settings.url, settings.token, undefined, io.signal),
    async change(send) {
      // Each change of one command has a key of its own, and the same one when the command is given again.
      changes += 1;
      const ownKey = changes === 1 ? key : `${key}-${changes}`;
      let times = 0;
      const sendIt: typeof send = (headers) => {
        times += 1;
        if (times > 1) say('Nobody answered. It is sent again, under the same key.');
        return send({ ...headers, ...reasonHeader(asked.reason) });
      };
      const answer = await sendUntilAnswered(sendIt, ownKey, io.signal);
      if (answer.ok) {
        say(safe(answer.message));
        return answer.data;
      }
      if (isUnanswered(answer)) {
        say(`Nobody knows whether it was done. The same command with --idempotency-key ${key} does it once.`);
      }
      throw new Refused(answer);
    },
    confirm: (tells, word) => confirm(io, asked.isSure, tells, word),
  };
}

/** Tells why it ended. */
function endOf(error: unknown, command: Command, io: Io): number {
  const say = (text: string) => io.err.write(`${text}\n`);
  if (error instanceof UsageFault) {
    say(`${error.message}\n\nSee: flashsale ${command.words} --help`);
    return EXIT.usage;
  }
  if (error instanceof SettingsFault || error instanceof EnvironmentError) {
    say(error.message);
    return EXIT.usage;
  }
  if (error instanceof Ending) {
    say(error.message);
    return error.exitCode;
  }
  if (error instanceof Refused) {
    say(safe(refusalWords(error.refusal)));
    return exitCodeOf(error.refusal.code);
  }
  say(`A fault of flashsale: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return EXIT.internal;
}
