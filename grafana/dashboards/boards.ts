/** All boards, by the name of their file. */

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { api } from './api.ts';
import { operator } from './operator.ts';
import { slo } from './slo.ts';
import { stores } from './stores.ts';

export const BOARDS: Readonly<Record<string, Dashboard>> = { operator, api, stores, slo };
