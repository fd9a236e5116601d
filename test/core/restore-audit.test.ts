// What is written down of a Restore, and that it is written once, tried three times, and keeps nobody waiting.
import test from 'ava';
import type { AuditResult } from '../../src/api/agent.ts';
import type { Restore } from '../../src/api/objects.ts';
import { apiVersion } from '../../src/api/group.ts';
import { restoreSpecSchema } from '../../src/api/restore.ts';
import type { RestoreStatus } from '../../src/api/restore-status.ts';
import { restoreRecordSchema } from '../../src/api/stored/audit.ts';
import { isRecordDone, leaveRecord } from '../../src/core/restore/audit.ts';
import { decideRestore } from '../../src/core/restore/decide.ts';
import { auditRecord } from '../../src/core/restore/audit-record.ts';
import type { JobFacts, JobState } from '../../src/core/jobs/facts.ts';
import { hash, makeJob, makePolicy, start } from './fixtures.ts';
import { inPlaceSpec, makeRestore as plainRestore, restoreWorld, settle } from './restore-world.ts';

const condition = (reason: string, message: string) => ({
  type: 'Succeeded',
  status: reason === 'Restored' ? ('True' as const) : ('False' as const),
  reason,
  message,
  lastTransitionTime: '2026-11-22T02:09:00Z',
});
const complete: RestoreStatus = {
  phase: 'Complete',
  startTime: '2026-11-22T02:00:00Z',
  endTime: '2026-11-22T02:09:00Z',
  conditions: [condition('Restored', 'Everything is back.')],
  plan: {
    hash: '0123456789abcdef',
    time: '2026-11-22T02:01:00Z',
    fetchBytes: 7,
    components: [
      {
        name: 'db',
        hash: '0123456789abcdef',
        target: 'the claim data-postgres-0',
        overwrites: 'a data directory of 3 GB',
        backupId: 'b2',
        chain: ['b1', 'b2'],
        fetchBytes: 7,
        lost: 'what came after 14:03',
      },
    ],
  },
  components: [
    { name: 'db', outcome: 'Verified', claimName: 'data-postgres-0', path: 'pgdata', replaced: true, kept: true, reachedLsn: '0/5000028' },
  ],
  quiesce: { workloads: [{ kind: 'StatefulSet', name: 'postgres', uid: 'w', replicas: 1 }] },
  rto: { objectiveSeconds: 14_400, measuredSeconds: 480 },
};
const makeRestore = (status: RestoreStatus = complete, spec: object = {}): Restore => ({
  apiVersion,
  kind: 'Restore',
  metadata: {
    name: 'back',
    namespace: 'shop',
    uid: '3f9a1c04-1111-2222-3333-444444444444',
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: '2026-11-22T01:59:00Z',
  },
  spec: restoreSpecSchema.parse({
    source: { policyRef: { name: 'shop' }, identitySecretRef: { name: 'shop-identity' } },
    pointInTime: { time: '2026-11-22T14:03:07Z' },
    components: [{ name: 'db', target: { inPlace: { claimName: 'data-postgres-0' } } }],
    confirmation: 'shop/shop',
    requestedBy: 'ann@example.org',
    approval: { planHash: '0123456789abcdef', approvedBy: 'bob@example.org' },
    ...spec,
  }),
  status,
});

test('the record says who, what, from where, onto what, and how it ended', (t) => {
  const record = auditRecord(makeRestore());
  t.deepEqual(record, {
    restore: { namespace: 'shop', name: 'back', uid: '3f9a1c04-1111-2222-3333-444444444444', createdTime: '2026-11-22T01:59:00Z' },
    policy: 'shop',
    requestedBy: 'ann@example.org',
    approved: { by: 'bob@example.org', planHash: '0123456789abcdef' },
    point: { time: '2026-11-22T14:03:07Z', exclusive: false },
    identitySecret: 'shop-identity',
    confirmation: 'shop/shop',
    safetyBackup: 'Required',
    verifiedBefore: true,
    planHash: '0123456789abcdef',
    components: [
      {
        name: 'db',
        target: 'the claim data-postgres-0',
        overwrites: 'a data directory of 3 GB',
        backups: ['b1', 'b2'],
        lost: 'what came after 14:03',
        outcome: 'Verified',
        replaced: true,
        kept: true,
        claimName: 'data-postgres-0',
        path: 'pgdata',
        reachedLsn: '0/5000028',
      },
    ],
    stopped: [{ kind: 'StatefulSet', name: 'postgres', replicas: 1 }],
    outcome: 'Complete',
    reason: 'Restored',
    message: 'Everything is back.',
    startTime: '2026-11-22T02:00:00Z',
    endTime: '2026-11-22T02:09:00Z',
    measuredSeconds: 480,
  });
  t.deepEqual(restoreRecordSchema.parse(record), record, 'the agent takes it as it is');
});

test('what is not known is absent: who asked, a plan, a start', (t) => {
  const refused: RestoreStatus = {
    phase: 'Failed',
    endTime: '2026-11-22T02:00:00Z',
    conditions: [condition('ConfirmationMismatch', 'not that one')],
  };
  const record = auditRecord(makeRestore(refused, { requestedBy: undefined, approval: undefined }));
  t.false(['requestedBy', 'approved', 'planHash', 'startTime', 'measuredSeconds'].some((field) => field in record));
  t.like(record, { outcome: 'Failed', reason: 'ConfirmationMismatch', message: 'not that one', components: [], stopped: [] });
  t.notThrows(() => restoreRecordSchema.parse(record));
});

test('an undo names what it undoes, the newest point is said as such, and a failed component stays named', (t) => {
  const source = { policyRef: { name: 'shop' }, restoreRef: { name: 'first' } };
  const undo = auditRecord(makeRestore(complete, { source, pointInTime: undefined, components: undefined }));
  t.like(undo, { undoes: 'first', confirmation: 'shop/shop', point: undefined });
  const latest = { policyRef: { name: 'shop' }, latest: true, tier: 'cloud', identitySecretRef: { name: 'shop-identity' } };
  const failed: RestoreStatus = {
    phase: 'Failed',
    endTime: '2026-11-22T02:00:00Z',
    components: [{ name: 'db', outcome: 'Failed', code: 'WALGap', message: 'missing' }],
  };
  const record = auditRecord(makeRestore(failed, { source: latest, pointInTime: undefined }));
  t.like(record, { point: { latest: true }, tier: 'cloud', outcome: 'Failed' });
  t.deepEqual(record.components, [{ name: 'db', outcome: 'Failed', code: 'WALGap', message: 'missing' }]);
});

test('a record of many long chains still fits into an environment variable', (t) => {
  const chain = Array.from({ length: 101 }, (_, index) => `${index}-`.padEnd(64, 'x'));
  const planned = complete.plan?.components[0];
  const components = Array.from({ length: 32 }, (_, index) => ({ ...planned!, name: `db-${index}`, chain }));
  const record = auditRecord(makeRestore({ ...complete, plan: { ...complete.plan!, components } }));
  t.true(JSON.stringify(record).length < 100_000);
  t.deepEqual(record.components[0]?.backups, [chain.at(-1)]);
});

const minute = 60_000;
const ask = (audit: RestoreStatus['audit'], jobs: JobFacts[] = [], now = start) =>
  leaveRecord({ restore: makeRestore({ ...complete, ...(audit === undefined ? {} : { audit }) }), policy: makePolicy(), jobs, hash, now });
const made = (result: ReturnType<typeof ask>) => result.actions.flatMap((action) => (action.type === 'createJob' ? [action.job] : []));
const nameOf = (attempt: number): string => `shop-${hash('3f9a1c04-1111-2222-3333-444444444444')}-audit-${attempt}`;
const job = (attempt: number, state: JobState): JobFacts =>
  makeJob({ name: nameOf(attempt), verb: 'audit', tier: 'local', attempt, state });
const ended = (attempt: number, facts: Partial<AuditResult>): JobFacts =>
  job(attempt, {
    type: 'Ended',
    endTime: start,
    started: true,
    result: {
      kind: 'result',
      time: '2026-11-22T02:00:00Z',
      outcome: 'Succeeded',
      category: 'None',
      verb: 'audit',
      attempt,
      ...facts,
    },
  });
const broken = { outcome: 'Failed', category: 'Repository', code: 'Unreachable', message: 'the store is away' } as const;

test('one Job writes it, on the primary tier, with all that is written down', (t) => {
  const first = ask(undefined);
  t.like(made(first)[0], { name: nameOf(1), verb: 'audit', attempt: 1, owner: 'Restore', tier: 'local' });
  t.deepEqual(made(first)[0]?.record, auditRecord(makeRestore()));
  t.deepEqual(first.audit, { state: 'Writing', attempt: 1 });
  t.false(isRecordDone(first));
  // The operator died between making it and writing that down.
  t.deepEqual(ask(undefined, [job(1, { type: 'Running' })]).actions, []);
  t.like(ask(first.audit, [job(1, { type: 'Running' })]), { actions: [], audit: { state: 'Writing', attempt: 1 } });

  const key = 'audit/20261122T020900Z-restore-3f9a1c04.json';
  const written = ask(first.audit, [ended(1, { written: true, key })]);
  t.deepEqual(written, { actions: [], audit: { state: 'Written', attempt: 1, key } });
  // The Job goes away in time; nothing is written again.
  t.deepEqual(ask(written.audit), { actions: [], audit: written.audit });
  t.true(isRecordDone({ audit: written.audit }));
});

test('a repository of somebody else is no failure, and is said', (t) => {
  const { actions, audit } = ask({ state: 'Writing', attempt: 1 }, [ended(1, { written: false, note: 'it belongs to another' })]);
  t.deepEqual([actions, audit], [[], { state: 'NotWritten', attempt: 1, message: 'it belongs to another' }]);
  t.deepEqual(ask(audit), { actions: [], audit });
});

test('it is tried three times, a minute apart, and then a person is told', (t) => {
  const failed = [ended(1, broken)];
  const waiting = ask({ state: 'Writing', attempt: 1 }, failed, start + 20_000);
  t.like(waiting, { actions: [], audit: { state: 'Writing', attempt: 1, message: 'Unreachable: the store is away' } });
  t.is(waiting.againMilliseconds, 40_000);
  const second = ask(waiting.audit, failed, start + minute);
  t.deepEqual([made(second)[0]?.name, second.audit], [nameOf(2), { state: 'Writing', attempt: 2 }]);
  // Its status was not written: the newest Job counts.
  t.deepEqual(made(ask(waiting.audit, [...failed, job(2, { type: 'Running' })], start + minute)), []);
  // Somebody deleted the second one: what it did is unknown, so the third finds out.
  t.is(made(ask(second.audit, failed, start + minute))[0]?.name, nameOf(3));
  const last = ask({ state: 'Writing', attempt: 3 }, [...failed, ended(2, broken), ended(3, broken)], start + 5 * minute);
  t.deepEqual(made(last), []);
  t.like(last.actions[0], { type: 'tell', reason: 'AuditFailed' });
  t.is(last.audit.state, 'Failed');
  t.regex(last.audit.message ?? '', /No record of this Restore .* after 3 attempts\. Unreachable: the store is away/);
  t.deepEqual(ask(last.audit, [], start + 9 * minute), { actions: [], audit: last.audit }, 'told once');
});

const audits = (world: ReturnType<typeof restoreWorld>) => world.requests().filter(({ verb }) => verb === 'audit');

test('a Restore that ended is recorded before its finalizer goes, also one that failed or was refused', (t) => {
  const world = restoreWorld(plainRestore(inPlaceSpec));
  settle(world);
  t.deepEqual(
    audits(world).map(({ attempt, record }) => [attempt, record?.outcome, record?.components[0]?.kept]),
    [[1, 'Complete', true]],
  );
  t.deepEqual(
    [world.restore()?.status?.audit, world.restore()?.metadata.finalizers],
    [{ state: 'Written', attempt: 1, key: 'audit/x.json' }, []],
  );

  const failing = restoreWorld(plainRestore(inPlaceSpec));
  settle(failing, (name) => (name.includes('-restore-') ? 'fails for good' : 'succeeds'));
  t.deepEqual([audits(failing)[0]?.record?.outcome, audits(failing)[0]?.record?.reason], ['Failed', 'WALGap']);
  t.deepEqual(
    audits(failing)[0]
      ?.record?.stopped.map(({ name }) => name)
      .toSorted(),
    ['postgres', 'web'],
  );

  const refused = restoreWorld(plainRestore({ ...inPlaceSpec, confirmation: 'shop/other' }));
  settle(refused);
  t.like(audits(refused)[0]?.record, { outcome: 'Failed', reason: 'ConfirmationMismatch', confirmation: 'shop/other', components: [] });
});

test('a record that cannot be written is said and told once, and changes nothing about the end', (t) => {
  const world = restoreWorld(plainRestore(inPlaceSpec));
  settle(world, (name) => (name.includes('-audit-') ? 'fails for good' : 'succeeds'));
  const { status, metadata } = world.restore() ?? {};
  t.deepEqual([audits(world).length, world.told(), metadata?.finalizers], [3, ['AuditFailed'], []]);
  t.like(status, { phase: 'Complete', audit: { state: 'Failed', attempt: 3 } });
  const succeeded = status?.conditions?.find(({ type }) => type === 'Succeeded');
  t.is(succeeded?.status, 'True');
  t.regex(
    succeeded?.message ?? '',
    /undo restore\/back.* No record of this Restore could be left in the store, after 3 attempts\. Unreachable: it broke/,
  );
});

test('who deletes it at its end waits for the record; without its policy there is none', (t) => {
  const world = restoreWorld(plainRestore(inPlaceSpec));
  for (let round = 0; world.restore()?.status?.endTime === undefined && round < 100; round += 1) {
    world.reconcile();
    world.running().forEach((name) => world.finish(name, 'succeeds'));
    world.pass(10_000);
  }
  world.remove();
  world.reconcile();
  t.deepEqual([audits(world).length, world.restore()?.metadata.finalizers?.length], [1, 1]);
  settle(world);
  t.is(world.restore(), undefined);

  const gone = { ...complete, conditions: [] };
  const observed = { restore: makeRestore(gone), namespaceTerminating: false, rivals: [], jobs: [], claims: [] };
  const decision = decideRestore({ ...observed, now: start, agentMajors: [17], hash });
  t.deepEqual([decision.actions, decision.status.audit?.state], [[], 'NotWritten']);
});
