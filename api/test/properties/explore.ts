/**
 * Plays random stories until so many steps were taken. A failure is shrunk to its shortest story and thrown with what
 * plays it again: the seed and the path.
 */

import fc from 'fast-check';

export interface Exploration<Story> {
  /** Of its tests, so that it can be played again alone. */
  readonly name: string;
  readonly stories: fc.Arbitrary<Story>;
  /** Plays one story from the beginning. @returns how many steps it had. @throws when something is not as it must be */
  readonly play: (story: Story, lane: number) => Promise<number>;
  readonly steps: number;
  /** Stories played at the same time, each in its lane. */
  readonly lanes: number;
  readonly seed?: number;
  /** A mutant only has to be caught: its shortest story is not looked for. */
  readonly isShrunk?: boolean;
  readonly onProgress?: (steps: number) => void;
}

export interface Explored {
  readonly steps: number;
  readonly stories: number;
  readonly seed: number;
}

/** Stories played between two looks at the count of steps. */
const CHUNK = 40;

/** @throws Error with the shortest story that fails */
export async function explore<Story>(exploration: Exploration<Story>): Promise<Explored> {
  // What is not shrunk prints no path, so a path is of another exploration.
  const replay = exploration.isShrunk === false ? '' : process.env['PROPERTIES_PATH'];
  const seed = exploration.seed ?? seedOf(process.env['PROPERTIES_SEED']);
  if (replay !== undefined && replay !== '') {
    const play = async (story: Story) => void (await exploration.play(story, 0));
    await playChunk(exploration, play, { seed, path: replay, numRuns: 1 });
    return { steps: 0, stories: 1, seed };
  }
  let steps = 0;
  let stories = 0;
  let hasFailed = false;
  const failing = new Set<number>();
  const runLane = async (lane: number) => {
    for (let chunk = 0; steps < exploration.steps && !hasFailed; chunk += 1) {
      const chunkSeed = (seed + lane + chunk * exploration.lanes) | 0;
      const playUnlessOver = async (story: Story) => {
        // Other lanes need not go on once one has failed; but shrinking plays many more.
        if (failing.has(lane) === false && (hasFailed || steps >= exploration.steps)) return;
        const count = await exploration.play(story, lane).catch((error: unknown) => {
          hasFailed = true;
          failing.add(lane);
          throw error;
        });
        steps += count;
        stories += 1;
        exploration.onProgress?.(steps);
      };
      await playChunk(exploration, playUnlessOver, { seed: chunkSeed, numRuns: CHUNK });
    }
  };
  const lanes = Array.from({ length: exploration.lanes }, (_, lane) => runLane(lane));
  const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return { steps, stories, seed };
}

/** What is found in something that was broken on purpose: only that, not its shortest story. */
export async function findingOf<Story>(
  broken: Omit<Exploration<Story>, 'name' | 'isShrunk'>,
): Promise<string> {
  return explore({ ...broken, name: 'mutant', isShrunk: false }).then(
    () => 'nothing',
    (error: Error) => error.message,
  );
}

async function playChunk<Story>(
  { name, stories, isShrunk = true }: Exploration<Story>,
  play: (story: Story) => Promise<void>,
  parameters: { seed: number; path?: string; numRuns: number },
): Promise<void> {
  const property = fc.asyncProperty(stories, play);
  const details = await fc.check(property, { ...parameters, endOnFailure: !isShrunk });
  if (!details.failed) return;
  const { seed, counterexamplePath, counterexample, errorInstance, numShrinks } = details;
  const why = wordsOf(errorInstance);
  throw new Error(
    `${name}: ${why}\n  story (shrunk ${numShrinks} times): ${fc.stringify(counterexample?.[0])}\n` +
      `  again: PROPERTIES_SEED=${seed} PROPERTIES_PATH=${counterexamplePath} ` +
      `bun run test api/test/properties -t '${name}'`,
    { cause: errorInstance },
  );
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${wordsOf(error.cause)})`;
}

export function seedOf(given: string | undefined): number {
  return given ? Number(given) | 0 : (crypto.getRandomValues(new Int32Array(1))[0] as number);
}
