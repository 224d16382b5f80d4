import { Type } from '@sinclair/typebox';
import { Elysia } from 'elysia';
import {
  AddOperator,
  IssuedToken,
  OperatorView,
  type OperatorView as OperatorViewBody,
} from '@flash-sale/shared/contracts/operator.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failMissing } from '../http/failures.ts';
import { once } from '../http/once.ts';
import { operatorOf } from '../http/operator.ts';
import { fail, succeed } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { addOperator, BOOTSTRAP, listOperators, revokeOperator, type ListedOperator } from './operators.ts';

export function operatorRoutes(services: Services) {
  return new Elysia()
    .get(
      '/ops/me',
      ({ request, set }) => {
        const { name, role, expiresAt } = operatorOf(request);
        return succeed(set, 200, `You are ${name}.`, {
          name,
          role,
          expires_at: expiresAt?.toISOString() ?? null,
        });
      },
      ME,
    )
    .get(
      '/ops/operators',
      async ({ set }) => succeed(set, 200, 'All operators.', (await listOperators(services)).map(viewOf)),
      LIST,
    )
    .post(
      '/ops/operators',
      (context) =>
        once(
          services,
          context,
          async (act) => {
            const { body, set } = context;
            const { name, role, expires_in_days: expiresInDays = null } = body;
            const reply = await addOperator(services, { name, role, expiresInDays }, act);
            if (reply.kind === 'name_taken') return fail(set, 'name_taken', `The name ${name} is taken.`);
            const { token, expiresAt } = reply;
            const issued = { name, role, token, expires_at: expiresAt?.toISOString() ?? null };
            return succeed(set, 201, 'Keep the token: it is not shown again.', issued);
          },
          { isSecret: true },
        ),
      {
        ...asJson,
        body: AddOperator,
        ...ADD,
      },
    )
    .post(
      '/ops/operators/:name/revoke',
      (context) =>
        once(services, context, async (act) => {
          const { params, set } = context;
          if (params.name === BOOTSTRAP) {
            return fail(
              set,
              'impossible_now',
              'The bootstrap token cannot be revoked: unset OPERATOR_TOKEN and restart.',
            );
          }
          const reply = await revokeOperator(services, params.name, act);
          if (reply !== 'revoked') return failMissing(set, 'operator', params.name);
          return succeed(set, 200, `The token of ${params.name} does not work any more.`, {
            name: params.name,
          });
        }),
      REVOKE,
    );
}

const ME = documented({
  summary: 'Whose token this is',
  tag: 'Operators',
  success: { 200: Type.Pick(OperatorView, ['name', 'role', 'expires_at']) },
  failures: ['unavailable'],
  isForOperators: true,
});

const LIST = documented({
  summary: 'All operators, revoked ones too',
  tag: 'Operators',
  success: { 200: Type.Array(OperatorView) },
  failures: ['unavailable'],
  isForOperators: true,
});

const ADD = documented({
  summary: 'Add an operator and issue a token',
  tag: 'Operators',
  takesBody: true,
  success: { 201: IssuedToken },
  failures: ['bad_request', 'name_taken', 'unavailable'],
  isForOperators: true,
  isChange: true,
});

const REVOKE = documented({
  summary: "Revoke an operator's token, at once",
  tag: 'Operators',
  success: { 200: Type.Pick(OperatorView, ['name']) },
  failures: ['operator_not_found', 'impossible_now', 'unavailable'],
  isForOperators: true,
  isChange: true,
});

function viewOf(operator: ListedOperator): OperatorViewBody {
  const { name, role, state, createdAt, expiresAt, revokedAt, lastUsedAt } = operator;
  return {
    name,
    role,
    state,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt?.toISOString() ?? null,
    revoked_at: revokedAt?.toISOString() ?? null,
    last_used_at: lastUsedAt?.toISOString() ?? null,
  };
}
