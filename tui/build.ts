/** Makes the terminal one file that needs nothing else: `bun run build:terminal [where]`. */

import { resolve } from 'node:path';
import { VERSION } from '@flash-sale/shared/version.ts';

const outfile = resolve(process.argv[2] ?? 'flashsale');

const built = await Bun.build({
  entrypoints: [resolve(import.meta.dir, 'flashsale.ts')],
  target: 'bun',
  format: 'esm',
  minify: true,
  bytecode: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  compile: {
    outfile,
    // An operator's tool must not take settings from the folder that it is started in.
    autoloadDotenv: false,
    autoloadBunfig: false,
  },
  plugins: [
    {
      name: 'without what only developers need',
      setup(build) {
        // Ink asks for them only where DEV is set, but the file must be there.
        build.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'nothing' }));
        build.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({
          contents:
            'export default {}; export const initialize = () => {}; export const connectToDevTools = () => {};',
          loader: 'js',
        }));
      },
    },
  ],
});
for (const log of built.logs) process.stderr.write(`${log.message}\n`);
if (!built.success) process.exit(1);
process.stdout.write(`${outfile}: flashsale ${VERSION}, ${Math.round(Bun.file(outfile).size / 1e6)} MB\n`);
