import { Elysia } from 'elysia';
import { ChangeStock, ChangedStock } from '@flash-sale/shared/contracts/sale.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failMissing, invalidRequest } from '../http/failures.ts';
import { once } from '../http/once.ts';
import { idOf } from '../http/path-id.ts';
import { fail, succeed, type ReplySet } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { restock, shrink, type AllotmentChanged } from './allotment.ts';

export function allotmentRoutes(services: Services) {
  return new Elysia().post(
    '/ops/sales/:id/stock',
    (context) =>
      once(services, context, async (act) => {
        const { params, body, set } = context;
        const saleId = idOf(params.id);
        const { change } = body;
        if (change === 0) {
          throw invalidRequest({ change: ['must not be 0'] });
        }
        const changed = await (change > 0
          ? restock(services, saleId, change, act)
          : shrink(services, saleId, -change, act));
        return answer(set, saleId, changed, change > 0 ? 'added' : 'taken out');
      }),
    {
      ...asJson,
      body: ChangeStock,
      ...documented({
        summary: 'Add units to a sale that is on, or take out units that nobody was promised',
        tag: 'Sales',
        takesBody: true,
        success: { 200: ChangedStock },
        failures: ['bad_request', 'sale_not_found', 'impossible_now', 'unavailable'],
        isForOperators: true,
        isChange: true,
      }),
    },
  );
}

function answer(set: ReplySet, saleId: number, changed: AllotmentChanged, done: 'added' | 'taken out') {
  switch (changed.kind) {
    case 'changed':
      return succeed(set, 200, `The sale has ${changed.allotment} units.`, {
        sale_id: saleId,
        allotment: changed.allotment,
      });
    case 'sale_not_found':
      return failMissing(set, 'sale', saleId);
    case 'impossible': {
      const { state, possibleIn } = changed;
      return fail(set, 'impossible_now', `A sale that is ${state} keeps its units.`, {
        state,
        possible: possibleIn,
      });
    }
    case 'too_many':
      return fail(set, 'impossible_now', `At most ${changed.possible} units can be ${done} now.`, {
        possible_units: changed.possible,
      });
  }
}
