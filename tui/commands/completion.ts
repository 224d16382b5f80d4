/** Completion for shells. Their scripts ask this program each time, so that they are never old. */

import { readContexts } from '../contexts.ts';
import { contextsFileOf, SHARED_FLAGS, wordsOf } from '../config.ts';
import { localCommand, type Command, type Io } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { commonFlags } from './read-command.ts';
import { any, oneOf, text, type Flags } from './taken.ts';

const SCRIPTS = {
  bash: `_flashsale() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("\${line%%$'\\t'*}"); done < <(
    flashsale complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null
  )
}
complete -o default -F _flashsale flashsale
`,
  zsh: `#compdef flashsale
_flashsale() {
  local -a found
  local line
  while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(flashsale complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe flashsale found; else _files; fi
}
compdef _flashsale flashsale
`,
  fish: `function __flashsale_complete
  set -l line (commandline -opc) (commandline -ct)
  set -l found (flashsale complete -- $line[2..] 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c flashsale -f -a '(__flashsale_complete)'
`,
} as const;

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Something that may come next, and what it is. */
type Candidate = readonly [word: string, says: string];

/** @param commands all, and what they are called */
export function completionCommands(commands: () => readonly Command[]): Command[] {
  return [
    localCommand({
      words: 'completion',
      summary: 'The script that completes these commands in a shell',
      details: `  bash: eval "$(flashsale completion bash)" in ~/.bashrc
  zsh:  eval "$(flashsale completion zsh)" in ~/.zshrc, after compinit
  fish: flashsale completion fish > ~/.config/fish/completions/flashsale.fish`,
      takes: { shell: oneOf('SHELL', 'which one', SHELLS) },
      run({ words, out }) {
        out.text(SCRIPTS[words.shell]);
        return Promise.resolve(EXIT.ok);
      },
    }),
    localCommand({
      words: 'complete',
      summary: 'What may come next, as the scripts of completion ask for it',
      takes: { words: any({ ...text('WORD', 'what was typed so far, behind --'), parse: (word) => word }) },
      run({ words, out, io }) {
        const typed = words.words;
        const last = typed.at(-1) ?? '';
        const found = candidates(commands(), typed.slice(0, -1), io).filter(([word]) =>
          word.startsWith(last),
        );
        out.text(found.map(([word, says]) => `${word}\t${says}\n`).join(''));
        return Promise.resolve(EXIT.ok);
      },
    }),
  ];
}

/** @param before the whole words before the one that is being typed */
function candidates(commands: readonly Command[], before: readonly string[], io: Io): Candidate[] {
  const words = wordsOf(before);
  const command = commands.find(({ words: own }) => `${words.join(' ')} `.startsWith(`${own} `));
  const previous = before.at(-1) ?? '';
  if (previous === '--context') return contextNames(io);
  if (command === undefined) {
    return [...nextWords(commands, words.join(' ')), ...(words.length === 0 ? sharedFlags() : [])];
  }
  const flags: Flags = { ...command.flags, ...commonFlags(command) };
  const flag = Object.entries(flags).find(([name]) => previous === `--${name}`)?.[1];
  if (flag !== undefined && flag.kind !== 'switch') {
    const words = previous === '--fields' ? command.shape?.fields : flag.words;
    return (words ?? []).map((word) => [word, flag.says]);
  }
  const own = words.length - command.words.split(' ').length;
  const taken = Object.values(command.takes)[own];
  const named = command.words === 'context use' ? contextNames(io) : [];
  return [
    ...named,
    ...(taken?.words ?? []).map((word): Candidate => [word, taken?.says ?? '']),
    ...Object.entries(flags).map(([name, { says }]): Candidate => [`--${name}`, says]),
    ...sharedFlags(),
  ];
}

function sharedFlags(): Candidate[] {
  return Object.keys(SHARED_FLAGS).map((name) => [`--${name}`, 'where, as whom, and looks']);
}

/** The nouns, or what may follow one. */
function nextWords(commands: readonly Command[], typed: string): Candidate[] {
  const start = typed === '' ? '' : `${typed} `;
  const next = commands
    .filter(({ words }) => words.startsWith(start))
    .map(({ words, summary }): Candidate => {
      const [word = '', ...more] = words.slice(start.length).split(' ');
      return [word, more.length === 0 ? summary : `${word} ...`];
    });
  return [...new Map(next)];
}

function contextNames({ environment }: Io): Candidate[] {
  const { file, home } = contextsFileOf(environment);
  return readContexts(file, home).all.map(({ name, url }) => [name, url]);
}
