// The recovery pipeline in a process of its own, as the plugin runs it, but with programs of PostgreSQL that see to their user themselves, as those of the toolbox do.
// usage: node bench/restore/recover.ts REQUEST      a line of JSON for each step
import { lsnBytes } from '../../src/api/lsn.ts';
import { identitiesIn } from '../../src/archive/recovery/keys.ts';
import { recover } from '../../src/archive/recovery/recover.ts';
import type { RecoveryRequest } from '../../src/archive/recovery/request.ts';
import { stepClock } from '../../src/archive/steps.ts';
import { createLog } from '../../src/telemetry/log.ts';

// JSON has no large numbers.
const revive = (key: string, value: unknown): unknown => (key === 'lsn' ? lsnBytes(String(value)) : value);
const request = JSON.parse(process.argv[2] ?? '', revive) as RecoveryRequest & { identityText: string };
const log = createLog((line) => console.log(line), { kind: 'log' });

await recover(
  { ...request, identities: identitiesIn(request.identityText) },
  {
    log,
    signal: new AbortController().signal,
    now: () => new Date(),
    step: stepClock(log, () => performance.now() / 1000).step,
    dropsPrivileges: false,
    progress: () => undefined,
  },
  () => undefined,
);
process.exit();
