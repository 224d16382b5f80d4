/** All boards, by the name of their file. */

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { operator } from './operator.ts';

export const BOARDS: Readonly<Record<string, Dashboard>> = { operator };
