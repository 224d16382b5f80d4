/** The headers of replies that mean something to a caller, as parts of the OpenAPI document. */

export const REF = {
  failure: '#/components/schemas/Failure',
  examples: '#/components/examples/',
  headers: '#/components/headers/',
} as const;

const text = (description: string, example: string) => ({
  description,
  schema: { type: 'string' },
  example,
});

export const REPLY_HEADERS = {
  'x-request-id': text(
    "The request's id in our log: the caller's own, when it sent one of 1 to 64 letters, digits, `.`, `_` or `-`.",
    '0d9b7e52-3c41-4f6a-8e17-64a2f5c0b9d8',
  ),
  Location: text('Where the new thing is.', '/api/holds/00000001-6f0e-8a3c-9d51-2b7c04e1f8a6'),
  'Idempotency-Replayed': text(
    '`true` when the request was made before, under the same key; else absent.',
    'true',
  ),
  'Retry-After': text('Seconds until it makes sense to ask again.', '2'),
  'RateLimit-Policy': text(
    'How often a buyer and an address may ask: `q` times in `w` seconds.',
    '"buyer";q=100;w=10',
  ),
  RateLimit: text(
    'How often they still may: `r` times, and in `t` seconds at the latest more often.',
    '"buyer";r=99;t=7',
  ),
  'WWW-Authenticate': text('How to say who is asking.', 'Bearer'),
} as const;

export type ReplyHeader = keyof typeof REPLY_HEADERS;

/** Every reply has a request id. */
export function headersOf(names: readonly ReplyHeader[]): Record<string, { $ref: string }> {
  const all: ReplyHeader[] = ['x-request-id', ...names];
  return Object.fromEntries(all.map((name) => [name, { $ref: `${REF.headers}${name}` }]));
}
