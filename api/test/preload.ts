/** Runs before the test files, once per `bun test`. */

import { afterAll } from 'bun:test';
import { stopStores } from './stores.ts';

afterAll(stopStores);
