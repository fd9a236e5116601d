// Statuses, Jobs and results that the tests of Backups share.
import type { AgentResult, DumpResult, EntryLine, SealResult } from '../../src/api/agent.ts';
import type { BackupStatus } from '../../src/api/backup.ts';
import { finalizer } from '../../src/api/group.ts';
import { decideBackup } from '../../src/core/backup/decide.ts';
import type { BackupDecision, BackupObserved } from '../../src/core/backup/observed.ts';
import type { JobFacts, JobState } from '../../src/core/jobs/facts.ts';
import type { Action } from '../../src/core/jobs/request.ts';
import { hash, makeBackup, makeJob, observedBackup, start } from './fixtures.ts';

export const id = `20261122T020000Z-full-${hash('backup-uid')}`;
export const nameOf = (what: string, attempt = 1): string => `shop-${hash('backup-uid')}-${what}-${attempt}`;
export const minute = 60_000;

export const running = (status: Partial<BackupStatus> = {}): BackupStatus => ({
  backupId: id,
  startTime: '2026-11-22T02:00:00Z',
  components: [
    { name: 'db', outcome: 'Running', attempt: 1 },
    { name: 'stock', outcome: 'Pending' },
  ],
  tiers: [
    { name: 'local', state: 'Pending' },
    { name: 'cloud', state: 'Pending' },
  ],
  ...status,
});
export const dumped = (status: Partial<BackupStatus> = {}): BackupStatus =>
  running({
    components: [
      { name: 'db', outcome: 'Succeeded', attempt: 2, bytes: 10, restorableTo: '2026-11-22T02:00:30Z' },
      { name: 'stock', outcome: 'Succeeded', attempt: 1, bytes: 5, restorableTo: '2026-11-22T02:00:20Z' },
    ],
    ...status,
  });

export const base = { kind: 'result', time: '2026-11-22T02:01:00Z', outcome: 'Succeeded', category: 'None' } as const;
export const dumpResult = (facts: Partial<DumpResult> = {}): DumpResult => ({
  ...base,
  verb: 'dump',
  backupId: id,
  component: 'db',
  attempt: 1,
  bytes: 10,
  restorableTo: '2026-11-22T02:00:30Z',
  verification: { level: 'L2', verdict: 'Passed' },
  ...facts,
});
export const sealResult = (facts: Partial<SealResult> = {}): SealResult => ({ ...base, verb: 'seal', backupId: id, bytes: 15, ...facts });
export const failure = (facts: object) =>
  ({ outcome: 'Failed', category: 'Source', message: 'it broke', retryable: true, ...facts }) as const;
export const ended = (result?: AgentResult, more: Partial<Extract<JobState, { type: 'Ended' }>> = {}): JobState => ({
  type: 'Ended',
  endTime: start + minute,
  started: true,
  ...(result === undefined ? {} : { result }),
  ...more,
});

export const job = (what: string, verb: JobFacts['verb'], state: JobState, facts: Partial<JobFacts> = {}): JobFacts =>
  makeJob({ name: nameOf(what, facts.attempt ?? 1), verb, state, ...facts });
export const dumpJob = (state: JobState, facts: Partial<JobFacts> = {}): JobFacts =>
  job('dump-db', 'dump', state, { component: 'db', ...facts });
export const sealJob = (state: JobState, facts: Partial<JobFacts> = {}): JobFacts => job('seal', 'seal', state, facts);

export const decide = (status: BackupStatus | undefined, given: Partial<BackupObserved> = {}): BackupDecision =>
  decideBackup(observedBackup({ now: start + minute, backup: makeBackup(status, { finalizers: [finalizer] }), ...given }));
export const created = (decision: BackupDecision): string[] =>
  decision.actions.flatMap((action) => (action.type === 'createJob' ? [action.job.name] : []));
export const types = (decision: BackupDecision): Action['type'][] => decision.actions.map(({ type }) => type);
export const component = (decision: BackupDecision, name = 'db') => decision.status.components?.find((each) => each.name === name);
export const condition = (decision: BackupDecision, type: string) => {
  const found = decision.status.conditions?.find((each) => each.type === type);
  return found && `${found.status} ${found.reason}`;
};
export const message = (decision: BackupDecision): string =>
  decision.status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';

export const inspectResult = (facts: object = {}): AgentResult => ({
  ...base,
  verb: 'inspect',
  tier: 'local',
  backups: 1,
  refused: 0,
  ...facts,
});
export const entry = (facts: Partial<EntryLine> = {}): EntryLine => ({
  kind: 'entry',
  tier: 'local',
  backupId: id,
  type: 'Full',
  slot: '2026-11-22T02:00:00Z',
  verdict: 'Passed',
  bytes: 16,
  seconds: 9,
  components: [],
  failed: [],
  ...facts,
});
export const checkJob = (state: JobState, attempt = 1): JobFacts => job('check-1', 'check', state, { attempt });
export const checked = (category = 'Interrupted'): BackupStatus =>
  dumped({ sealAttempt: 1, check: { attempt: 1, category, message: 'Its Job is gone.' } });
