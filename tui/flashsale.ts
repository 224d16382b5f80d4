/** The operator's terminal: reads its settings, and opens it; or does what the words say, without a screen. */

// First: what is imported below looks at the environment when it is loaded.
import { prepareEnvironment, readSettings, surroundingsOf, USAGE, wordsOf } from './config.ts';
import { VERSION } from '@flash-sale/shared/version.ts';

const argv = process.argv.slice(2);
const words = wordsOf(argv);
if (words.length > 0) void import('./commands/process.ts').then(({ runHere }) => runHere(words, argv));
else openTerminal();

function openTerminal(): void {
  const start = readSettings(argv);
  switch (start.kind) {
    case 'help':
      process.stdout.write(USAGE);
      break;
    case 'version':
      process.stdout.write(`${VERSION}\n`);
      break;
    case 'fault':
      process.stderr.write(`${start.message}\n`);
      process.exitCode = 2;
      break;
    case 'settings':
      if (process.stdin.isTTY && process.stdout.isTTY) {
        prepareEnvironment(start.settings);
        void import('./open.tsx').then((screen) => screen.openTerminal(start.settings, surroundingsOf()));
      } else {
        process.stderr.write(
          'flashsale needs a terminal on stdin and stdout. Without one: flashsale help says what can be done.\n',
        );
        process.exitCode = 2;
      }
  }
}
