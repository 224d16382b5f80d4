import { Elysia } from 'elysia';
import { NewRehearsal, RecordedRehearsal } from '@flash-sale/shared/contracts/rehearsal.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { once } from '../http/once.ts';
import { succeed } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { recordRehearsal } from './rehearsals.ts';

export function rehearsalRoutes(services: Services) {
  return new Elysia().post(
    '/ops/rehearsals',
    (context) =>
      once(services, context, async (act) => {
        const { body, set } = context;
        const { passed, sale_id } = body;
        await recordRehearsal(services, body, act);
        const says = `The rehearsal ${passed ? 'passed' : 'failed'}; it is written down.`;
        return succeed(set, 201, says, { passed, sale_id });
      }),
    {
      ...asJson,
      body: NewRehearsal,
      ...documented({
        summary: 'Write down what came of a rehearsal',
        tag: 'Overview',
        takesBody: true,
        success: { 201: RecordedRehearsal },
        failures: ['bad_request', 'unavailable'],
        isForOperators: true,
        isChange: true,
      }),
    },
  );
}
