// A store that waits for itself: while it is away, the work on it stands still instead of failing.
import type { Store } from '../../stores/store.ts';
import { untilStored } from './until-stored.ts';
import type { Patience } from './until-stored.ts';

export const patientStore = (store: Store, options: Patience): Store => ({
  ...store,
  put: (key, body) => untilStored(() => store.put(key, body), options),
  get: (key, maxBytes) => untilStored(() => store.get(key, maxBytes), options),
  head: (key) => untilStored(() => store.head(key), options),
});
