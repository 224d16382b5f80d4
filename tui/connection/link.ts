/** One connection to the stream of events, from its request to its end. */

import { faultWords } from '../fault-words.ts';
import { EventTooLong, eventReader, type ServerSentEvent } from './server-sent-events.ts';

export interface LinkOptions {
  /** Of the operators' listener, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** Goes on after this event; '' for only what happens from now on. */
  readonly lastId: string;
  readonly silenceMs: number;
  readonly closed: AbortSignal;
}

/** `forgotten`: the API cannot go on after `lastId`. The reason is for people. */
export interface LinkEnd {
  readonly kind: 'lost' | 'refused' | 'forgotten';
  readonly reason: string;
}

/** Never throws: it yields what came, and returns how it ended. */
export async function* readLink(options: LinkOptions): AsyncGenerator<ServerSentEvent[], LinkEnd> {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), options.silenceMs);
  try {
    const response = await request(options, AbortSignal.any([options.closed, silent.signal]));
    if (response.status !== 200) return await refusal(response, options);
    const type = response.headers.get('content-type') ?? 'no content';
    if (response.body === null || !type.startsWith('text/event-stream')) return lost(notOurs(options, type));
    const eventsOf = eventReader();
    for await (const bytes of response.body) {
      timer.refresh();
      const events = eventsOf(bytes);
      yield events;
      if (events.at(-1)?.type === 'dropped') {
        return lost('this terminal was too slow, so the API ended its stream');
      }
    }
    return lost('the API ended the stream; it may be restarting');
  } catch (fault) {
    const seconds = options.silenceMs / 1_000;
    return lost(silent.signal.aborted ? `nothing was heard for ${seconds} s` : inWords(fault, options));
  } finally {
    clearTimeout(timer);
  }
}

function request({ url, token, lastId }: LinkOptions, signal: AbortSignal): Promise<Response> {
  return fetch(`${url}/ops/events`, {
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'text/event-stream',
      ...(lastId === '' ? {} : { 'last-event-id': lastId }),
    },
    // A token goes only where it was meant to go.
    redirect: 'manual',
    signal,
  });
}

const lost = (reason: string): LinkEnd => ({ kind: 'lost', reason });

const notOurs = ({ url }: LinkOptions, what: string): string =>
  `${url} answers with ${what}: that is not the operators' listener of this API`;

async function refusal(response: Response, options: LinkOptions): Promise<LinkEnd> {
  const { status } = response;
  const said = messageOf(await response.json().catch(() => null));
  switch (status) {
    case 401:
      return {
        kind: 'refused',
        reason:
          'The API does not accept this operator token: it is unknown, revoked or expired. Ask an admin for a new one.',
      };
    case 403:
      return {
        kind: 'refused',
        reason: `This operator may not follow what happens${said}. Ask an admin for a token with another role.`,
      };
    case 400:
      if (options.lastId !== '') return { kind: 'forgotten', reason: 'the API cannot go on where it was' };
      break;
    case 404:
      return lost(notOurs(options, '404'));
  }
  return lost(`the API answers with ${status}${said}`);
}

function messageOf(body: unknown): string {
  const isSaid = typeof body === 'object' && body !== null && 'message' in body;
  return isSaid && typeof body.message === 'string' ? ` (${body.message})` : '';
}

function inWords(fault: unknown, { url }: LinkOptions): string {
  if (fault instanceof EventTooLong) return `the stream had ${fault.message}`;
  const { host, hostname } = new URL(url);
  const code = fault instanceof Error && 'code' in fault ? fault.code : null;
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${host}: the API is down, or the address is wrong`;
    case 'ECONNRESET':
      return 'the connection was cut';
    case 'ENOTFOUND':
      return `there is no host ${hostname}: the name is wrong, or the network is away`;
    default:
      return faultWords(fault);
  }
}
