import { NO_AUDIT } from '../activity/audit-slice.ts';
import { EMPTY_JOURNAL } from '../activity/journal.ts';
import { NO_HOLDS } from '../holds/holds-slice.ts';
import { NO_ORDERS } from '../orders/orders-slice.ts';
import { NO_SALES } from '../sales/sales-slice.ts';
import { NO_WEBHOOKS } from '../webhooks/webhooks-slice.ts';
import type { Context, State } from './state.ts';

export interface Start {
  readonly context: Context;
  readonly columns: number;
  readonly rows: number;
  readonly isReducedMotion: boolean;
  readonly isLinear: boolean;
}

export function initialState({ context, columns, rows, isReducedMotion, isLinear }: Start): State {
  return {
    columns,
    rows,
    context,
    me: null,
    link: { kind: 'connecting', says: '', heardAtMs: null, nextTryAtMs: null },
    overview: null,
    overviewAtMs: 0,
    room: 'sales',
    roomBefore: 'sales',
    views: { sales: 'board', holds: 'holds', orders: 'orders', webhooks: 'webhooks', activity: 'mine' },
    lists: {},
    details: { sales: 'closed', holds: 'closed', orders: 'closed', webhooks: 'closed', activity: 'closed' },
    detailTop: 0,
    saleId: null,
    sales: NO_SALES,
    rehearsals: [],
    holds: NO_HOLDS,
    orders: NO_ORDERS,
    webhooks: NO_WEBHOOKS,
    journal: EMPTY_JOURNAL,
    audit: NO_AUDIT,
    filterLine: null,
    palette: null,
    helpTop: null,
    dialog: null,
    toast: null,
    isReducedMotion,
    isLinear,
  };
}
