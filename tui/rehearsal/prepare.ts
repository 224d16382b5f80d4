/** What is looked at before a crowd is let in. */

import { Ending } from '../commands/endings.ts';
import { EXIT } from '../commands/exit-codes.ts';
import type { Connections, Heard } from './connections.ts';
import { headersOf } from './provider.ts';
import { tableOf } from './stage.ts';

/** Processes of the API learn of a new sale within a second. */
const KNOWN_WITHIN_MS = 10_000;

/** Asks with an empty payment, of which nothing is kept. @throws Ending when payments would not be heard */
export async function checkListener(connections: Connections, secret: string | null): Promise<void> {
  const heard = await connections.send({
    method: 'POST',
    path: '/api/webhook/payment-success',
    headers: headersOf(secret, 'rehearsal', '{}'),
    body: '{}',
  });
  if (heard.kind === 'unanswered') {
    throw new Ending(
      EXIT.unreachable,
      `The listener for buyers does not answer (${heard.why}): --api URL says where it is.`,
    );
  }
  switch (wordOf(heard)) {
    case 'bad_request':
      return;
    case 'signature_invalid':
      throw new Ending(
        EXIT.auth,
        secret === null
          ? 'Payments have to be signed here: set WEBHOOK_SECRET to the secret of the API.'
          : 'WEBHOOK_SECRET is not the secret of the API: it does not know the signature.',
      );
    default:
      throw new Ending(
        EXIT.failed,
        `What answers at the address for buyers is not this API (status ${heard.status}): --api URL says where it is.`,
      );
  }
}

/**
 * Waits until buyers can see the product. Another installation has products of the same ids, and they are for real buyers:
 * only the name tells.
 * @throws Ending
 */
export async function awaitProduct(
  connections: Connections,
  { productId, name }: { readonly productId: number; readonly name: string },
): Promise<void> {
  const untilMs = performance.now() + KNOWN_WITHIN_MS;
  for (;;) {
    const heard = await connections.send({ method: 'GET', path: `/api/products/${productId}` });
    const seen = heard.kind === 'answered' && heard.status === 200 ? nameIn(heard) : null;
    if (seen === name) return;
    if (seen !== null || performance.now() > untilMs) {
      throw new Ending(
        EXIT.failed,
        'The listener for buyers does not know the product of the rehearsal: is it of the same installation?',
      );
    }
    await Bun.sleep(100);
  }
}

type Answered = Extract<Heard, { kind: 'answered' }>;

function wordOf({ body }: Answered): unknown {
  return tableOf(body)['code'];
}

function nameIn({ body }: Answered): unknown {
  return tableOf(tableOf(body)['data'])['name'];
}
