/** Buyers who look and hold over connections that they keep, and who forgive nothing: no request is made twice. */

import { RawHttp, type RawRequest } from './fuzz/raw-http.ts';

export interface DemandingCrowd {
  /** How often each status was answered. */
  readonly answers: ReadonlyMap<number, number>;
  /** What else than a look, a hold or "sold out" was answered; 0 is no answer. */
  readonly failures: readonly string[];
  /** @returns how many units are held, when the last has been answered */
  leave(): Promise<number>;
}

export function demandingCrowd(url: string, productId: number, size: number): DemandingCrowd {
  const http = new RawHttp(url, false);
  const answers = new Map<number, number>();
  const failures: string[] = [];
  let isLeaving = false;
  const body = Buffer.from(JSON.stringify({ product_id: productId, quantity: 1 }));
  const look: RawRequest = { method: 'GET', target: `/api/products/${productId}`, headers: [], body: null };
  const hold: RawRequest = {
    method: 'POST',
    target: '/api/holds',
    headers: [['content-type', 'application/json']],
    body,
  };
  const come = async (request: RawRequest) => {
    while (!isLeaving) {
      const { status, body: said } = await http.send(request);
      if (![200, 201, 409].includes(status)) failures.push(`${status} ${said}`);
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  };
  const all = Promise.all(Array.from({ length: size }, (_, at) => come(at % 2 === 0 ? look : hold)));
  return {
    answers,
    failures,
    async leave() {
      isLeaving = true;
      await all;
      http.close();
      return answers.get(201) ?? 0;
    },
  };
}
