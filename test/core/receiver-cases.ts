// Receivers for tests of decisions: what one says, and a policy that has one.
import type { WalLine } from '../../src/api/agent.ts';
import { slotFinalizer } from '../../src/api/group.ts';
import type { BackupPolicy } from '../../src/api/objects.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { ReceiverFacts, ReceiverPod } from '../../src/core/receiver/facts.ts';
import { makePolicy, postgresql, start } from './fixtures.ts';

export const second = 1000;
export const at = (seconds: number): string => new Date(start + seconds * second).toISOString();
export const lsn = (megabytes: number): string => `0/${(megabytes * 1024 ** 2).toString(16).toUpperCase()}`;

// A line that came at this second, with all before it stored up to `megabytes`.
export const line = (seconds: number, facts: Partial<WalLine> = {}): WalLine => ({
  kind: 'wal',
  time: at(seconds),
  lineageId: 'lineage',
  timeline: 1,
  fromLsn: lsn(16),
  storedLsn: lsn(64),
  acknowledgedLsn: lsn(64),
  markTime: at(seconds - 2),
  followers: [{ tier: 'cloud', storedLsn: lsn(64), markTime: at(seconds - 2) }],
  ...facts,
});
export const withoutPlace = (seconds: number, facts: Partial<WalLine> = {}): WalLine => ({
  kind: 'wal',
  time: at(seconds),
  followers: [],
  ...facts,
});

const running: ReceiverPod = { state: 'Running', startTime: start - 600 * second };
export const receiver = (facts: Partial<ReceiverFacts> = {}): ReceiverFacts => ({
  component: 'db',
  name: 'shop-wal-db',
  uid: 'deployment-uid',
  ours: true,
  deleting: false,
  upToDate: true,
  scaledDown: false,
  aliveTime: start - 5 * second,
  pod: running,
  ...facts,
});
export const hearing = (heard: WalLine, facts: Partial<ReceiverFacts> = {}): ReceiverFacts =>
  receiver({ heard: { line: heard, markSince: start - 5 * second }, ...facts });

// Its slot is on record, so that its receiver may run.
const slot = {
  name: 'holdfast_shop_shop_db',
  since: at(-7200),
  connection: {
    ...postgresql().connection,
    port: 5432,
    database: 'postgres',
    credentialsSecretRef: { name: 'login', usernameKey: 'username', passwordKey: 'password' },
  },
};
export const archived = (spec: object = {}, walArchive: object = {}, status: PolicyStatus = {}): BackupPolicy => {
  const known = status.walArchive?.[0] ?? { component: 'db' };
  const policy = makePolicy(
    { components: [{ name: 'db', postgresql: { ...postgresql(), walArchive } }], ...spec },
    { ...status, walArchive: [{ ...known, slot } as typeof known] },
  );
  return { ...policy, metadata: { ...policy.metadata, finalizers: [slotFinalizer] } };
};
