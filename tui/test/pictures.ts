/** The pictures of the walk as they are kept in the repository: as text, and some of them as SVG for the README. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { svgOf } from './svg.ts';
import { walk, type Picture } from './walk.ts';

const FOLDER = join(import.meta.dir, '../screens');

/** What the README shows. The board of two sales is small, so that its first screen has room for words. */
const SHOWN: Readonly<Record<string, { readonly columns: number; readonly title: string }>> = {
  selling: { columns: 80, title: 'The board: two sales, each with its units as a bar that balances' },
  launch: {
    columns: 120,
    title: 'A launch: everything is looked at before the name of the sale is typed',
  },
  replay: { columns: 120, title: 'A webhook, and what its replay would do' },
};

export async function takePictures(): Promise<Picture[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'flash-sale-walk-'));
  try {
    return await walk(dataDir);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** @returns '' when there is no such picture */
export async function keptPicture(picture: Picture): Promise<string> {
  const file = Bun.file(textFile(picture));
  return (await file.exists()) ? file.text() : '';
}

function textFile({ name, size: { columns, rows } }: Picture): string {
  return join(FOLDER, `${name}.${columns}x${rows}.txt`);
}

/** A screen without what differs from day to day: times, ids, latencies, how far a bar is. */
export function shapeOf(screen: string): string {
  const [header = '', ...lines] = screen.trimEnd().split('\n');
  return [header.replace(/live.*/, 'live'), ...lines]
    .map((line) =>
      line
        .replaceAll(/[0-9a-f-]*…?[0-9a-f-]{6,}/g, 'id')
        .replaceAll(/\bnow\b|-?\d[\d.,]* (ms|s|min)( ago)?\b/g, 'T')
        .replaceAll(/[▏▎▍▌▋▊▉█▁▂▃▄▅▆▇░▒▓ ]*[▏▎▍▌▋▊▉█▁▂▃▄▅▆▇░▒▓][▏▎▍▌▋▊▉█▁▂▃▄▅▆▇░▒▓ ]*/g, ' ▒ ')
        // How fast it goes is another thing every day.
        .replace(/% sold.*/, '% sold')
        .replaceAll(/\d[\d,.:]*/g, '0')
        .replaceAll(/ +/g, ' ')
        .trimEnd(),
    )
    .join('\n');
}

if (import.meta.main) {
  const pictures = await takePictures();
  for (const picture of pictures) {
    await Bun.write(textFile(picture), `${picture.text}\n`);
    const shown = SHOWN[picture.name];
    if (shown?.columns !== picture.size.columns) continue;
    const svg = await svgOf(picture.captured, picture.size, shown.title);
    await Bun.write(join(FOLDER, `${picture.name}.svg`), svg);
  }
  process.exit(0);
}
