// Backups and readings of the store that the tests of policies share.

import type { EntryLine } from '../../src/api/agent.ts';
import type { AgentResult } from '../../src/api/agent.ts';
import type { JobState } from '../../src/core/jobs/facts.ts';
import type { BackupStatus } from '../../src/api/backup.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import { decidePolicy } from '../../src/core/policy/decide.ts';
import type { BackupFacts, PolicyDecision, PolicyObserved, TierCatalogue } from '../../src/core/policy/observed.ts';

import { makePolicy, observedPolicy, start } from './fixtures.ts';

export const minute = 60_000;
export const iso = (instant: number): string => `${new Date(instant).toISOString().slice(0, 19)}Z`;
export const measured = (seconds = 0): TierCatalogue => ({ measuredTime: start + seconds * 1000, backups: 0, refused: 0, entries: [] });
export const condition = (decision: PolicyDecision, type: string) => {
  const found = decision.status.conditions?.find((each) => each.type === type);
  return found && `${found.status} ${found.reason}`;
};
export const message = (decision: PolicyDecision, type = 'Ready'): string =>
  decision.status.conditions?.find((each) => each.type === type)?.message ?? '';
export const created = (decision: PolicyDecision, verb: string): string[] =>
  decision.actions.flatMap((action) =>
    action.type === 'createJob' && action.job.verb === verb
      ? [`${action.job.tier} ${action.job.backup?.id ?? ''} ${action.job.attempt}`.replace('  ', ' ')]
      : [],
  );
export const backupsMade = (decision: PolicyDecision): string[] =>
  decision.actions.flatMap((action) => (action.type === 'createBackup' ? [`${action.name} ${action.slot}`] : []));
// Read lately: no reading is due.
export const read = { local: measured(3600), cloud: measured(3600) };
export const decide = (given: Partial<PolicyObserved> = {}): PolicyDecision => decidePolicy(observedPolicy({ catalogue: read, ...given }));

export const backup = (day: number, status: BackupStatus = {}, facts: Partial<BackupFacts> = {}): BackupFacts => ({
  name: `b${day}`,
  uid: `uid${day}`,
  type: 'Full',
  createdTime: Date.parse(`2026-11-${day}T02:00:00Z`),
  scheduled: false,
  late: false,
  deleting: false,
  slot: `2026-11-${day}T02:00:00Z`,
  status,
  ...facts,
});
export const complete = (day: number, cloud: 'Pending' | 'Sealed' = 'Pending'): BackupFacts =>
  backup(day, {
    phase: 'Complete',
    startTime: `2026-11-${day}T02:00:00Z`,
    backupId: `202611${day}T020000Z-full-x`,
    endTime: `2026-11-${day}T02:05:00Z`,
    tiers: [
      { name: 'local', state: 'Sealed' },
      { name: 'cloud', state: cloud },
    ],
  });

// Past the schema: what an older CRD let through.
export const withEncryption = (encryption: Partial<ReturnType<typeof makePolicy>['spec']['encryption']>) => {
  const policy = makePolicy();
  return { ...policy, spec: { ...policy.spec, encryption: { ...policy.spec.encryption, ...encryption } } };
};

export const nightly = (status?: PolicyStatus, spec: object = {}, full: object = {}) =>
  makePolicy({ schedules: { full: { cron: '0 2 * * *', ...full } }, ...spec }, status);
export const armed = (next: string, reason = 'Armed'): PolicyStatus => ({
  observedGeneration: 1,
  next: [{ type: 'Full', time: next }],
  conditions: [{ type: 'Ready', status: 'True', reason, message: '', lastTransitionTime: '2026-11-20T12:00:00Z' }],
});

export const entry = (day: number, facts: Partial<EntryLine> = {}): EntryLine => ({
  kind: 'entry',
  tier: 'local',
  backupId: `202611${day}T020000Z-full-x`,
  type: 'Full',
  slot: `2026-11-${day}T02:00:00Z`,
  verdict: 'Passed',
  bytes: day,
  seconds: 3,
  components: [{ name: 'db', bytes: day, restorableTo: `2026-11-${day}T02:01:00Z` }],
  failed: [],
  ...facts,
});
export const holding = (...entries: EntryLine[]): TierCatalogue => {
  const backups = entries.filter(({ verdict }) => verdict === 'Passed').length;
  return { measuredTime: start + 3600_000, repositoryId: 'r1', backups, refused: entries.length - backups, entries };
};

// A Job that ended; without a result nobody knows how.
export const ended = (result?: object, endTime = start): JobState => ({
  type: 'Ended',
  endTime,
  started: true,
  ...(result === undefined
    ? {}
    : { result: { kind: 'result', time: iso(endTime), outcome: 'Succeeded', category: 'None', ...result } as AgentResult }),
});
