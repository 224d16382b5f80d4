/**
 * Who may do what on the private listener. Decided before a body is read and before a route is looked for: whatever
 * is not named here as open needs a token, and whatever is not reading needs more than a viewer's.
 */

import { Elysia } from 'elysia';
import { OPERATOR_ROLES, type OperatorRole } from '@flash-sale/shared/lifecycle.ts';
import { findOperator, type Operator } from '../operators/operators.ts';
import { tokenUses } from '../operators/token-use.ts';
import type { Services } from '../services.ts';
import { unlessAway } from '../store-unavailable.ts';
import { fail, RequestFault } from './reply.ts';

/** For supervisors, Prometheus and readers of the API's page. */
const OPEN = new Set([
  '/health/live',
  '/health/ready',
  '/metrics',
  '/docs',
  '/docs/reader.js',
  '/openapi.json',
]);

/** The least role that may make such a request. */
export function roleFor(method: string, path: string): OperatorRole {
  if (path === '/ops/operators' || path.startsWith('/ops/operators/')) return 'admin';
  return method === 'GET' || method === 'HEAD' ? 'viewer' : 'operator';
}

function mayActAs(role: OperatorRole, needed: OperatorRole): boolean {
  return OPERATOR_ROLES.indexOf(role) >= OPERATOR_ROLES.indexOf(needed);
}

const known = new WeakMap<Request, Operator>();

/**
 * Put it in front of every route of the listener. The path is looked at twice: as it is asked for, before anything is
 * read, and as the router understood it, before anything is done. A Host header or a spelling that makes the two differ
 * gains nothing.
 */
export function operatorsOnly(services: Services) {
  const noteUse = tokenUses(services);
  return new Elysia({ name: 'operators-only' })
    .onRequest(async ({ request, set }) => {
      const path = URL.parse(request.url)?.pathname;
      if (path === undefined) return fail(set, 'bad_request', 'The Host header or the path is not usable.');
      if (OPEN.has(path)) return undefined;
      const operator = await bearerOf(services, request);
      if (operator === null) {
        const fault =
          request.headers.get('authorization') === null ? 'is missing' : 'is unknown, revoked or expired';
        set.headers['www-authenticate'] = 'Bearer';
        services.metrics.httpTurnedAway.inc({ listener: 'ops', status: 401 });
        return fail(
          set,
          'unauthorized',
          `The operator token ${fault}: send "Authorization: Bearer fsop_...".`,
        );
      }
      known.set(request, operator);
      noteUse(operator);
      requireRole(request, path);
      return undefined;
    })
    .onTransform({ as: 'global' }, ({ request, route }) => {
      if (!OPEN.has(route)) requireRole(request, route);
    });
}

/** @throws RequestFault */
function requireRole(request: Request, path: string): void {
  const { name, role } = operatorOf(request);
  const needed = roleFor(request.method, path);
  if (mayActAs(role, needed)) return;
  throw new RequestFault('forbidden', `This needs the role ${needed}; ${name} is ${role}.`);
}

async function bearerOf(services: Services, request: Request): Promise<Operator | null> {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  return token === undefined ? null : findOperator(services, token);
}

/** For a reply that goes on and on: false once the token was revoked or has expired. While SQL is away nothing is. */
export async function isStillWelcome(services: Services, request: Request): Promise<boolean> {
  try {
    return (await bearerOf(services, request)) !== null;
  } catch (error) {
    unlessAway(error);
    return true;
  }
}

/** Who makes this request. */
export function operatorOf(request: Request): Operator {
  const operator = known.get(request);
  // A spelling that looked like an open path, and was understood as another.
  if (operator === undefined) throw new RequestFault('unauthorized', 'An operator token is needed.');
  return operator;
}
