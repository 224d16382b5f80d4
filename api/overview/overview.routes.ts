import { Elysia } from 'elysia';
import { Overview } from '@flash-sale/shared/contracts/overview.ts';
import { documented } from '../http/documented.ts';
import { succeed } from '../http/reply.ts';
import type { Services } from '../services.ts';
import { overview } from './overview.ts';

export function overviewRoutes(services: Services) {
  return new Elysia().get(
    '/ops/overview',
    async ({ set }) => succeed(set, 200, 'Every sale that is on or to come.', await overview(services)),
    documented({
      summary: 'Every sale that is on or to come, the stores, and what waits for somebody',
      tag: 'Overview',
      success: { 200: Overview },
      failures: ['unavailable'],
      isForOperators: true,
    }),
  );
}
