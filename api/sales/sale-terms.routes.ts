import { Type } from '@sinclair/typebox';
import { Elysia } from 'elysia';
import type { FieldErrors } from '@flash-sale/shared/contracts/reply.ts';
import { EditSale, NewSale, NewSales, OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failInvalid, failMissing } from '../http/failures.ts';
import { readInstant } from '../http/instant.ts';
import { once } from '../http/once.ts';
import { idOf } from '../http/path-id.ts';
import { fail, succeed, type ReplySet } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { createSales, type SaleFault } from './create-sales.ts';
import { editSale, type SaleEdited } from './edit-sale.ts';
import { findOperatedSale, lookAt } from './operated-sales.ts';
import { changesOf, newSaleOf, viewOf } from './sale-view.ts';
import { inWords } from './tell-redis.ts';

export function saleTermsRoutes(services: Services) {
  return new Elysia()
    .post(
      '/ops/sales',
      (context) =>
        once(services, context, async (act) => {
          const { body, set } = context;
          const created = await createSales(services, [newSaleOf(body, 'draft', readInstant)], act);
          if (created.kind === 'refused') return refused(set, created.faults, () => '');
          const [sale] = await lookAt(services, created.saleIds);
          if (sale === undefined) throw new Error('a sale is not there after it was created');
          set.headers['location'] = `/ops/sales/${sale.sale.id}`;
          return succeed(set, 201, `Sale ${sale.sale.id} is a draft.`, viewOf(sale));
        }),
      { ...asJson, body: NewSale, ...CREATE },
    )
    .post(
      '/ops/sales/batch',
      (context) =>
        once(services, context, async (act) => {
          const { body, set } = context;
          const newSales = body.sales.map(({ state = 'draft', ...sale }, index) =>
            newSaleOf(sale, state, (field, text) => readInstant(`sales.${index}.${field}`, text)),
          );
          const created = await createSales(services, newSales, act);
          if (created.kind === 'refused') return refused(set, created.faults, (index) => `sales.${index}.`);
          const sales = await lookAt(services, created.saleIds);
          const message = sales.length === 1 ? '1 sale is created.' : `${sales.length} sales are created.`;
          return succeed(set, 201, message, sales.map(viewOf));
        }),
      { ...asJson, body: NewSales, ...CREATE_MANY },
    )
    .patch(
      '/ops/sales/:id',
      (context) =>
        once(services, context, async (act) => {
          const { params, body, set } = context;
          const saleId = idOf(params.id);
          const edited = await editSale(services, saleId, changesOf(body, readInstant), act);
          if (edited.kind !== 'edited') return notEdited(set, params.id, edited);
          const found = await findOperatedSale(services, saleId);
          if (found === undefined) return failMissing(set, 'sale', params.id);
          return succeed(set, 200, `The sale is edited${inWords(edited.told)}.`, viewOf(found));
        }),
      { ...asJson, body: EditSale, ...EDIT },
    );
}

const forOperators = { tag: 'Sales', isForOperators: true } as const;

const CREATE = documented({
  ...forOperators,
  summary: 'Create a sale as a draft',
  takesBody: true,
  success: { 201: OperatedSale },
  sends: { 201: ['Location'] },
  failures: ['bad_request', 'product_not_found', 'unavailable'],
  isChange: true,
});

const CREATE_MANY = documented({
  ...forOperators,
  summary: 'Create many sales, all or none; each may be scheduled or launched at once',
  takesBody: true,
  success: { 201: Type.Array(OperatedSale) },
  failures: ['bad_request', 'product_not_found', 'product_busy', 'unavailable'],
  isChange: true,
});

const EDIT = documented({
  ...forOperators,
  summary: 'Edit a draft; or the limits of a sale that is scheduled, live or paused',
  takesBody: true,
  success: { 200: OperatedSale },
  failures: ['bad_request', 'sale_not_found', 'product_not_found', 'impossible_now', 'unavailable'],
  isChange: true,
});

/** What is wrong with each of them, under the name that the field has in the body. */
function refused(set: ReplySet, faults: readonly SaleFault[], prefixOf: (index: number) => string) {
  const errors: FieldErrors = {};
  for (const { index, errors: ofSale } of faults) {
    for (const [field, says] of Object.entries(ofSale)) errors[prefixOf(index) + field] = says;
  }
  const code = faults.find((fault) => fault.code === 'bad_request')?.code ?? faults[0]?.code ?? 'bad_request';
  switch (code) {
    case 'bad_request':
      return failInvalid(set, errors);
    case 'product_not_found':
      return fail(set, code, 'There is no such product; see errors.', { errors });
    case 'product_busy':
      return fail(set, code, 'A product has one sale that is on at a time; see errors.', { errors });
  }
}

function notEdited(set: ReplySet, id: string, edited: Exclude<SaleEdited, { kind: 'edited' }>) {
  switch (edited.kind) {
    case 'sale_not_found':
      return failMissing(set, 'sale', id);
    case 'product_not_found':
      return fail(set, 'product_not_found', 'There is no such product.');
    case 'invalid':
      return failInvalid(set, edited.errors);
    case 'impossible': {
      const { state, possible } = edited;
      const says =
        possible.length === 0
          ? `The terms of a sale that is ${state} stay as they are.`
          : `Of a sale that is ${state} only ${possible.join(', ')} can be edited; its units are changed by /stock, its window by /window.`;
      return fail(set, 'impossible_now', says, { state, possible });
    }
    case 'units_held': {
      const says =
        'Holds were granted under the old limit per buyer. Pause the sale, wait until nothing is held, lower it, resume.';
      return fail(set, 'impossible_now', says, {
        state: edited.state,
        possible: edited.state === 'paused' ? [] : ['pause'],
      });
    }
  }
}
