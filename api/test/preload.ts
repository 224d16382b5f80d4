// Runs before the test files, once per `bun test`.
import { afterAll, setDefaultTimeout } from 'bun:test';
import { stopStores } from './stores.ts';

// A first use of a store starts it, and a busy machine takes a while to make a new database.
setDefaultTimeout(30_000);

afterAll(stopStores);
