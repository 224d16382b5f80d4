/** Listens to the stream of events as operators' programs do, and remembers all of it. */

import { BOOTSTRAP_TOKEN, type World } from './world.ts';

export interface SeenEvent {
  readonly id: string;
  readonly type: string;
  readonly data: {
    readonly type: string;
    readonly at: string;
    readonly sale_id?: number | null;
    readonly hold_id?: string;
    readonly quantity?: number;
    readonly available?: number;
    readonly reason?: string;
    readonly [field: string]: unknown;
  };
  readonly seenAtMs: number;
}

export interface EventClientOptions {
  readonly after?: string | undefined;
  /** Of the query: `sale=7`. */
  readonly query?: string;
  readonly token?: string;
}

/** About the stream itself. */
const CONTROL = new Set(['ready', 'heartbeat', 'gap', 'dropped']);

export class EventClient {
  /** Everything that came, in its order. */
  readonly seen: SeenEvent[] = [];
  readonly #gone = new AbortController();
  readonly ended: Promise<void>;

  private constructor(response: Response, gone: AbortController) {
    this.#gone = gone;
    this.ended = this.#listen(response).catch(() => {});
  }

  /** @throws when it is refused. */
  static async open(api: Pick<World, 'listening'>, options: EventClientOptions = {}): Promise<EventClient> {
    const { after, query = '', token = BOOTSTRAP_TOKEN } = options;
    const gone = new AbortController();
    const response = await fetch(new URL(`/ops/events?${query}`, api.listening.opsUrl), {
      headers: {
        authorization: `Bearer ${token}`,
        ...(after === undefined ? {} : { 'last-event-id': after }),
      },
      signal: gone.signal,
    });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return new EventClient(response, gone);
  }

  /** The id to resume after. */
  get lastId(): string | undefined {
    return this.seen.at(-1)?.id;
  }

  /** What happened, without what is about the stream itself. */
  get events(): SeenEvent[] {
    return this.seen.filter(({ type }) => !CONTROL.has(type));
  }

  of(type: string): SeenEvent[] {
    return this.seen.filter((event) => event.type === type);
  }

  async cut(): Promise<void> {
    this.#gone.abort();
    await this.ended;
  }

  async #listen(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      rest += decoder.decode(chunk, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.seen.push(parse(block));
    }
  }
}

function parse(block: string): SeenEvent {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const data = JSON.parse(fields.get('data') ?? 'null') as SeenEvent['data'];
  return { id: fields.get('id') ?? '', type: fields.get('event') ?? '', data, seenAtMs: Date.now() };
}
