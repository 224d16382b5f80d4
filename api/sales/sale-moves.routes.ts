import { Elysia } from 'elysia';
import { ChangeWindow, OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { possibleVerbs, type SaleVerb } from '@flash-sale/shared/lifecycle.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failInvalid, failMissing } from '../http/failures.ts';
import { readInstant } from '../http/instant.ts';
import { once, type ChangeRequest } from '../http/once.ts';
import { idOf } from '../http/path-id.ts';
import { fail, succeed, type ReplySet } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { findOperatedSale } from './operated-sales.ts';
import { viewOf, windowOf } from './sale-view.ts';
import { inWords } from './tell-redis.ts';
import { actOnSale, type Acted } from './verbs.ts';
import { changeWindow, type WindowChanged } from './window.ts';

export function saleMoveRoutes(services: Services) {
  const act = (verb: SaleVerb) => (context: ChangeRequest & { params: { id: string } }) =>
    once(services, context, async (asked) => {
      const { params, set } = context;
      const acted = await actOnSale(services, idOf(params.id), verb, asked);
      if (acted.kind !== 'done') return notDone(set, params.id, verb, acted);
      return saleNow(services, set, params.id, `The sale is ${acted.state}${inWords(acted.told)}.`);
    });
  return new Elysia()
    .post('/ops/sales/:id/schedule', act('schedule'), moves('Let a draft open by itself at its time'))
    .post('/ops/sales/:id/launch', act('launch'), moves('Sell now, even if the window were to open later'))
    .post('/ops/sales/:id/pause', act('pause'), moves('Grant no holds for now; those that are held stay'))
    .post('/ops/sales/:id/resume', act('resume'), moves('Sell again after a pause'))
    .post('/ops/sales/:id/end', act('end'), moves('Grant no holds any more; it ends when all is settled'))
    .post(
      '/ops/sales/:id/halt',
      act('halt'),
      moves('Emergency stop, even without Redis: nothing becomes an order; pending ones stay payable'),
    )
    .post(
      '/ops/sales/:id/window',
      (context) =>
        once(services, context, async (asked) => {
          const { params, body, set } = context;
          const window = windowOf(body, readInstant);
          const changed = await changeWindow(services, idOf(params.id), window, asked);
          if (changed.kind !== 'changed') return notChanged(set, params.id, changed);
          return saleNow(services, set, params.id, `The window is changed${inWords(changed.told)}.`);
        }),
      { ...asJson, body: ChangeWindow, ...WINDOW },
    );
}

function moves(summary: string) {
  return documented({
    summary,
    tag: 'Sales',
    success: { 200: OperatedSale },
    failures: ['sale_not_found', 'impossible_now', 'product_busy', 'unavailable'],
    isForOperators: true,
    isChange: true,
  });
}

const WINDOW = documented({
  summary: 'Extend or shorten the window of a sale that is scheduled, live or paused',
  tag: 'Sales',
  takesBody: true,
  success: { 200: OperatedSale },
  failures: ['bad_request', 'sale_not_found', 'impossible_now', 'unavailable'],
  isForOperators: true,
  isChange: true,
});

/** The sale as it is after a change. */
async function saleNow(services: Services, set: ReplySet, id: string, message: string) {
  const found = await findOperatedSale(services, idOf(id));
  return found === undefined ? failMissing(set, 'sale', id) : succeed(set, 200, message, viewOf(found));
}

function notDone(set: ReplySet, id: string, verb: SaleVerb, acted: Exclude<Acted, { kind: 'done' }>) {
  switch (acted.kind) {
    case 'sale_not_found':
      return failMissing(set, 'sale', id);
    case 'product_busy':
      return fail(set, 'product_busy', 'The product has another sale that is on; end that one first.');
    case 'impossible': {
      const { state, possible } = acted;
      return fail(set, 'impossible_now', `${verb}: not while the sale is ${state}.`, { state, possible });
    }
    case 'window_over': {
      const { state, possible, closesAt } = acted;
      const how = state === 'draft' ? 'edit the draft' : 'change the window';
      const says = `${verb}: the window closed at ${closesAt.toISOString()}; ${how} first.`;
      return fail(set, 'impossible_now', says, { state, possible });
    }
  }
}

function notChanged(set: ReplySet, id: string, changed: Exclude<WindowChanged, { kind: 'changed' }>) {
  switch (changed.kind) {
    case 'sale_not_found':
      return failMissing(set, 'sale', id);
    case 'invalid':
      return failInvalid(set, changed.errors);
    case 'impossible': {
      const { state } = changed;
      const says =
        state === 'draft' ? 'A draft is edited by PATCH.' : `A sale that is ${state} has no window.`;
      return fail(set, 'impossible_now', says, { state, possible: possibleVerbs(state) });
    }
  }
}
