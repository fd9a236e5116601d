// A client for tests in which nothing may be asked of a server: whatever is asked fails.
import { createClient } from '../../src/kube/client.ts';

export const nowhere = createClient({
  server: 'https://127.0.0.1:1',
  namespace: undefined,
  dispatcher: () => Promise.reject(new Error('not here')),
  headers: () => Promise.resolve({}),
  close: () => Promise.resolve(),
});
