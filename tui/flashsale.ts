/** The operator's terminal: reads its settings, and opens it. */

// First: what is imported below looks at the environment when it is loaded.
import { prepareEnvironment, readSettings, surroundingsOf, USAGE } from './config.ts';
import { version } from './package.json';

const start = readSettings();
switch (start.kind) {
  case 'help':
    process.stdout.write(USAGE);
    break;
  case 'version':
    process.stdout.write(`${version}\n`);
    break;
  case 'fault':
    process.stderr.write(`${start.message}\n`);
    process.exitCode = 2;
    break;
  case 'settings':
    if (process.stdin.isTTY && process.stdout.isTTY) {
      prepareEnvironment(start.settings);
      void import('./open.tsx').then(({ openTerminal }) => openTerminal(start.settings, surroundingsOf()));
    } else {
      process.stderr.write(
        'flashsale needs a terminal on stdin and stdout. To follow a sale without one: curl the events of the private listener, see the README.\n',
      );
      process.exitCode = 2;
    }
}
