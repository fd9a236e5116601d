// Decisions on resources of any shape: they never throw, come to rest, and write only statuses that the API server takes.
import test from 'ava';
import * as fc from 'fast-check';
import { backupStatusSchema } from '../../src/api/backup.ts';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { policyStatusSchema } from '../../src/api/policy.ts';
import { buildJob } from '../../src/controllers/jobs/job.ts';
import { decideBackup } from '../../src/core/backup/decide.ts';
import type { Action, Decision } from '../../src/core/jobs/request.ts';
import { decidePolicy } from '../../src/core/policy/decide.ts';
import { isSame } from '../../src/kube/merge-patch.ts';
import { hash, observedBackup, observedPolicy, start } from './fixtures.ts';
import { backups, policies } from './fuzz.ts';

const rounds = { numRuns: Number(process.env['ROUNDS'] ?? 120), includeErrorInReport: true };
const agentMajors = [13, 14, 15, 16, 17, 18];
const settings = { agentImages: new Map(agentMajors.map((major) => [major, `agent:${major}`])), clusterId: 'cluster' };
const longestStatus = 32 * 1024;

const hold = (fact: boolean, message: string): void => {
  if (!fact) {
    throw new Error(message);
  }
};

const names = (list: { name: string }[] | undefined): string[] => (list ?? []).map(({ name }) => name);

// As the API server would judge it: the schema, and each key of a list once.
const assertWritable = (schema: typeof policyStatusSchema | typeof backupStatusSchema, status: object): void => {
  const found = schema.safeParse(status);
  hold(found.success, `the API server would refuse the status: ${found.error?.message} ${JSON.stringify(status)}`);
  const { conditions, components, tiers } = status as Record<string, { name: string; type: string }[] | undefined>;
  for (const keys of [(conditions ?? []).map(({ type }) => type), names(components), names(tiers)]) {
    hold(new Set(keys).size === keys.length, `a key twice in ${keys.join()}`);
  }
  hold(new TextEncoder().encode(JSON.stringify(status)).length <= longestStatus, 'the status is too large');
};

// What was decided stands, decided again at the same instant on the status that it wrote.
const assertSettles = <Status extends object>(first: Decision<Status>, again: (status: Status) => Decision<Status>): void => {
  let before = first;
  for (let round = 0; round < 20; round += 1) {
    const next = again(structuredClone(before.status));
    if (isSame(next.status, before.status)) {
      return;
    }
    before = next;
  }
  throw new Error(`the status never comes to rest: ${JSON.stringify(before.status)}`);
};

// Whatever is asked for can be made, under a name that Kubernetes takes.
const assertMakes = (actions: Action[], policy: BackupPolicy, owner: Backup | BackupPolicy): void => {
  for (const action of actions) {
    if (action.type === 'createJob') {
      const { metadata, spec } = buildJob(action.job, policy, owner, settings);
      hold(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(metadata?.name ?? ''), `the name of a Job: ${metadata?.name}`);
      hold((spec?.activeDeadlineSeconds ?? 0) > 0, 'a Job without a deadline');
    }
    if (action.type === 'createBackup') {
      hold(action.name.length <= 63, `the name of a Backup: ${action.name}`);
    }
  }
};

const forPolicy = (policy: BackupPolicy) => decidePolicy(observedPolicy({ policy, agentMajors, hash, now: start + 1000 }));
const forBackup = (backup: Backup, policy: BackupPolicy | undefined) => {
  const { policy: _, ...observed } = observedBackup({ backup, agentMajors, hash, now: start + 10_000 });
  return decideBackup(policy === undefined ? observed : { ...observed, policy });
};

for (const [how, absurd] of [
  ['valid', false],
  ['absurd', true],
] as const) {
  test(`policies of ${how} shapes: decided without an error, at rest, with a status and Jobs that can be made`, (t) => {
    fc.assert(
      fc.property(policies(absurd), (policy) => {
        const decision = forPolicy(policy);
        assertWritable(policyStatusSchema, decision.status);
        assertSettles(decision, (status) => forPolicy({ ...policy, status }));
        assertMakes(decision.actions, policy, policy);
      }),
      rounds,
    );
    t.pass();
  });

  test(`Backups of ${how} shapes: decided without an error, at rest, with a status and Jobs that can be made`, (t) => {
    fc.assert(
      fc.property(backups(absurd), fc.option(policies(absurd), { nil: undefined }), (backup, policy) => {
        const decision = forBackup(backup, policy);
        assertWritable(backupStatusSchema, decision.status);
        assertSettles(decision, (status) => forBackup({ ...backup, status }, policy));
        assertMakes(policy === undefined ? [] : decision.actions, policy as BackupPolicy, backup);
      }),
      rounds,
    );
    t.pass();
  });
}
