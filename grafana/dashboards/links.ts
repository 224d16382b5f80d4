/** How boards find their data, and each other. */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  type DashboardLink,
} from '@grafana/grafana-foundation-sdk/dashboard';

/** Chosen at the top of each board, so that one board serves every Prometheus. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

export const TAG = 'flash-sale';

export const TITLES = {
  'flashsale-operator': 'Flash sale: operator',
  'flashsale-api': 'Flash sale: API by route',
  'flashsale-stores': 'Flash sale: Redis and SQL',
  'flashsale-slo': 'Flash sale: SLO and error budget',
} as const;
export type BoardUid = keyof typeof TITLES;

/** From a figure to the board that tells more: same time, same variables. */
export function linkTo(uid: BoardUid): DashboardLinkBuilder {
  return new DashboardLinkBuilder(TITLES[uid])
    .type(DashboardLinkType.Link)
    .url(`/d/${uid}?\${__url_time_range}&\${__all_variables}`);
}

/** At the top of each board: all of them. */
export function linkToAll(): Builder<DashboardLink> {
  const link = new DashboardLinkBuilder('Flash sale')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .keepTime(true)
    .includeVars(true)
    .build();
  // It is to be seen, not to be found in a menu.
  delete link.placement;
  return { build: () => link };
}
