// A store that waits for itself: while it is away, the work on it stands still instead of failing.
import type { Store } from '../../stores/store.ts';
import type { Log } from '../../telemetry/log.ts';
import { untilStored } from './until-stored.ts';

export const patientStore = (store: Store, options: { signal: AbortSignal; log: Log }): Store => ({
  ...store,
  put: (key, body) => untilStored(() => store.put(key, body), options),
  get: (key, maxBytes) => untilStored(() => store.get(key, maxBytes), options),
  head: (key) => untilStored(() => store.head(key), options),
});
