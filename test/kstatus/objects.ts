// Every state that a Backup or a policy can be in, as the decisions themselves write it: by moves in the model's cluster, and by the rare cases.
import * as fc from 'fast-check';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { decideBackup } from '../../src/core/backup/decide.ts';
import type { BackupObserved } from '../../src/core/backup/observed.ts';
import { decidePolicy } from '../../src/core/policy/decide.ts';
import type { PolicyObserved } from '../../src/core/policy/observed.ts';
import { nightly, read, withEncryption } from '../core/policy-cases.ts';
import { running } from '../core/backup-cases.ts';
import { makeBackup, makePolicy, observedBackup, observedPolicy } from '../core/fixtures.ts';
import { step, take } from '../core/moves.ts';
import { createWorld } from '../core/world.ts';

export type Kept = Backup | BackupPolicy;

// The API server fills in what nobody has written.
const served = <T extends Kept>(object: T): T => ({ ...object, status: object.status ?? { observedGeneration: -1 } });

// What kstatus looks at, besides `phase`: two objects that agree in it are one case.
const caseOf = ({ kind, metadata, status = {} }: Kept): string =>
  JSON.stringify([
    kind,
    'phase' in status ? status.phase : '',
    metadata.deletionTimestamp !== undefined,
    metadata.generation === status.observedGeneration,
    (status.conditions ?? []).map(({ type, status: value, reason }) => `${type} ${value} ${reason}`).toSorted((a, b) => a.localeCompare(b)),
  ]);

// Walks of the model, the same ones each time.
const fromTheModel = (): Kept[] =>
  fc.sample(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), { numRuns: 150, seed: 1 }).flatMap((moves) => {
    const world = createWorld(['first', 'second'], {}, ['log-1', 'log-2']);
    return moves.flatMap((move) => {
      take(world, move);
      const status = world.policyStatus();
      return [...world.backups.values(), ...(status === undefined ? [] : [makePolicy({}, status)])];
    });
  });

const decidedBackup = (given: Partial<BackupObserved>): Backup => {
  const observed = observedBackup(given);
  return { ...observed.backup, status: decideBackup(observed).status };
};
const decidedPolicy = (given: Partial<PolicyObserved>): BackupPolicy => {
  const observed = observedPolicy({ catalogue: read, ...given });
  return { ...observed.policy, status: decidePolicy(observed).status };
};

const withoutPolicy = (status?: Backup['status']): Backup => {
  const { policy: _, ...observed } = observedBackup(status === undefined ? {} : { backup: makeBackup(status) });
  return { ...observed.backup, status: decideBackup(observed).status };
};

const rareBackups = (): Backup[] => [
  makeBackup(),
  withoutPolicy(),
  withoutPolicy(running()),
  decidedBackup({ backup: makeBackup(undefined, {}, { components: ['absent'] }) }),
  decidedBackup({ backup: makeBackup(undefined, {}, { type: 'Log' }) }),
  decidedBackup({ agentMajors: [] }),
  decidedBackup({ policy: withEncryption({ recipients: ['age1wrong'] }) }),
  decidedBackup({ policy: withEncryption({ verificationKeys: [{ id: 'a', key: 'wrong' }] }) }),
  decidedBackup({ rivals: [{ name: 'other', createdTime: 0, started: true, stalled: false }] }),
  { ...decidedBackup({}), metadata: makeBackup({}, { generation: 2 }).metadata },
  decidedBackup({ backup: makeBackup(running(), { deletionTimestamp: '2026-11-22T02:00:01Z', finalizers: ['holdfast.dev/jobs'] }) }),
];

const rarePolicies = (): BackupPolicy[] => [
  makePolicy(),
  decidedPolicy({ policy: nightly() }),
  decidedPolicy({ policy: nightly(undefined, { suspend: true }) }),
  decidedPolicy({ policy: nightly(undefined, { schedules: { full: { cron: '0 0 30 2 *' } } }) }),
  decidedPolicy({ agentMajors: [] }),
  decidedPolicy({ policy: withEncryption({ recipients: ['age1wrong'] }) }),
  decidedPolicy({ policy: withEncryption({ verificationKeys: [{ id: 'a', key: 'wrong' }] }) }),
  decidedPolicy({ catalogue: { local: { measuredTime: 0, backups: 1, refused: 1, entries: [] } } }),
  mended(),
  { ...decidedPolicy({}), metadata: { ...makePolicy().metadata, generation: 2 } },
  { ...decidedPolicy({}), metadata: { ...makePolicy().metadata, deletionTimestamp: '2026-11-22T02:00:01Z' } },
];

// It was wrong, and is right again.
const mended = (): BackupPolicy => {
  const { status } = decidedPolicy({ agentMajors: [] });
  return decidedPolicy({ policy: makePolicy({}, status) });
};

// One object for each case.
export const everyCase = (): Kept[] => {
  const all = [...fromTheModel(), ...rareBackups(), ...rarePolicies()].map(served);
  return [...new Map(all.map((object) => [caseOf(object), object])).values()];
};
