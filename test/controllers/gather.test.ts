// From caches to what decisions look at: whose a Job is, which reading counts, and what a Backup learns of its copies.
import test from 'ava';
import type { AgentResult } from '../../src/api/agent.ts';
import type { BackupPolicy, Restore } from '../../src/api/objects.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import { gatherBackup } from '../../src/controllers/backup/gather.ts';
import { createCaches } from '../../src/controllers/caches.ts';
import type { Job, Pod } from '../../src/controllers/caches.ts';
import type { OperatorContext } from '../../src/controllers/context.ts';
import { buildJob } from '../../src/controllers/jobs/job.ts';
import { readJob } from '../../src/controllers/jobs/gather.ts';
import { gatherPolicy } from '../../src/controllers/policy/gather.ts';
import { rivalsOf } from '../../src/controllers/restore/rivals.ts';
import type { JobRequest } from '../../src/core/jobs/request.ts';
import type { Output } from '../../src/core/jobs/state.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { base, dumped, entry, id, inspectResult, running } from '../core/backup-cases.ts';
import { makeBackup, makePolicy, start } from '../core/fixtures.ts';
import { inPlaceSpec, makeRestore } from '../core/restore-world.ts';
import { nowhere } from './nowhere.ts';

const quiet = createLog(() => undefined);
const told = { onProgress: () => undefined, onEnd: () => undefined };

// An operator whose caches hold a policy, and logs that were read already.
const operator = (policy: BackupPolicy = makePolicy()) => {
  const read = new Map<string, Output>();
  const followed: string[] = [];
  const forgotten: string[] = [];
  const caches = createCaches(nowhere, quiet);
  const context: OperatorContext = {
    client: nowhere,
    caches,
    outputs: {
      of: (uid) => read.get(uid),
      follow: ({ jobUid }) => void followed.push(jobUid),
      forget: (uid) => void forgotten.push(uid),
      close: () => Promise.resolve(),
    },
    receiverLines: { aliveTime: () => start, listen: () => undefined, forget: () => undefined, close: () => Promise.resolve() },
    log: quiet,
    now: () => start + 60_000,
    events: { record: () => undefined },
    agentImages: new Map([[17, 'registry/agent-17:1']]),
    clusterId: 'cluster',
  };
  caches.policies.cache.put(policy);
  let version = 100;

  // A Job of ours, and its pod.
  const job = (request: JobRequest, createdTime: string, owner = request.owner === 'Backup' ? makeBackup() : policy): Job => {
    const made = buildJob(request, policy, owner, context);
    version += 1;
    Object.assign(made.metadata ?? {}, { uid: `uid of ${request.name}`, resourceVersion: String(version), creationTimestamp: createdTime });
    caches.jobs.cache.put(made);
    return made;
  };
  const pod = (owner: Job, result?: AgentResult, name = `${owner.metadata?.name}-pod`, ownerUid = owner.metadata?.uid): void => {
    version += 1;
    const state =
      result === undefined
        ? { running: {} }
        : { terminated: { exitCode: 0, reason: 'Completed', finishedAt: '2026-11-22T02:00:30Z', message: JSON.stringify(result) } };
    const found = {
      metadata: {
        name,
        namespace: 'shop',
        uid: `uid of ${name}`,
        resourceVersion: String(version),
        labels: owner.metadata?.labels,
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: owner.metadata?.name, uid: ownerUid, controller: true }],
      },
      status: { containerStatuses: [{ name: 'agent', image: 'i', state }] },
    };
    caches.pods.cache.put(found as unknown as Pod);
  };
  return { context, caches, read, followed, forgotten, job, pod };
};

const reading = (name: string, tier = 'local'): JobRequest => ({ name, verb: 'inspect', attempt: 1, owner: 'BackupPolicy', tier });
const dumpRequest: JobRequest = {
  name: 'shop-dump',
  verb: 'dump',
  attempt: 1,
  owner: 'Backup',
  tier: 'local',
  component: 'db',
  backup: { name: 'shop-full-202611220200', id, slot: '2026-11-22T02:00:00Z', type: 'Full' },
};
const dumpResult: AgentResult = { ...base, verb: 'dump', backupId: id, component: 'db', attempt: 1 };
const wholeLog = (...entries: Output['entries']): Output => ({
  complete: true,
  entries,
  entriesComplete: true,
  result: inspectResult({ backups: entries.length }),
});
const runningBackup = () => makeBackup(running({ components: [] }));

test('a Job is ours by its owner, a pod is its own by uid: names and labels are believed of nobody', async (t) => {
  const { context, job, pod } = operator();
  const mine = job(dumpRequest, '2026-11-22T02:00:00Z');
  pod(mine, undefined);
  // Somebody's pod with our labels, and somebody's Job.
  pod(mine, dumpResult, 'forged', 'another uid');
  job({ ...dumpRequest, name: 'forged' }, '2026-11-22T02:00:00Z', makeBackup(undefined, { uid: 'another backup' }));
  const { jobs } = await gatherBackup(context, runningBackup(), told);
  t.deepEqual(
    jobs.map(({ name, ours, state }) => [name, ours, state.type]),
    [['shop-dump', true, 'Running']],
  );
});

test('two pods that claim the same Job are both not believed', async (t) => {
  const { context, job, pod } = operator();
  const mine = job(dumpRequest, '2026-11-22T02:00:00Z');
  pod(mine, undefined);
  pod(mine, dumpResult, 'forged');
  const { jobs } = await gatherBackup(context, runningBackup(), told);
  t.deepEqual(
    jobs.map(({ state }) => state.type),
    ['Running'],
  );
});

test('a result in the termination message is enough, and its log is not asked for', async (t) => {
  const { context, job, pod, followed } = operator();
  pod(job(dumpRequest, '2026-11-22T02:00:00Z'), dumpResult);
  const { jobs } = await gatherBackup(context, runningBackup(), told);
  t.like(jobs[0]?.state, { type: 'Ended', result: { verb: 'dump', outcome: 'Succeeded' } });
  t.deepEqual(followed, []);
});

test('of Backups that wait, one that names what the policy has not holds nobody up; one that is being deleted waits for its Jobs', async (t) => {
  const { context, caches } = operator();
  const rival = (name: string, metadata: object, status?: ReturnType<typeof running>, spec = {}): void =>
    caches.backups.cache.put(makeBackup(status, { name, uid: name, creationTimestamp: '2026-11-22T01:00:00Z', ...metadata }, spec));
  rival('plain', {});
  rival('odd', {}, undefined, { components: ['nothing'] });
  // Its condition is old: the policy is there by now.
  rival('late', {}, { conditions: [{ type: 'Stalled', status: 'True', reason: 'PolicyMissing', message: '', lastTransitionTime: '' }] });
  rival('leaving', { deletionTimestamp: '2026-11-22T01:30:00Z' }, running());
  rival('over', {}, running({ endTime: '2026-11-22T01:30:00Z' }));
  rival('of another policy', {}, undefined, { policyRef: { name: 'other' } });
  const { rivals } = await gatherBackup(context, makeBackup(), told);
  t.deepEqual(
    rivals.map(({ name, started, stalled }) => [name, started, stalled]),
    [
      ['late', false, false],
      ['leaving', true, true],
      ['odd', false, true],
      ['plain', false, false],
    ],
  );
});

test('of Restores that stop something, one whose policy is not there holds nobody up, and neither does one that is over or leaves before it began', (t) => {
  const { context, caches } = operator();
  const rival = (name: string, metadata: object = {}, status?: Restore['status'], spec: object = inPlaceSpec): void =>
    caches.restores.cache.put(makeRestore(spec, { name, uid: name, ...metadata }, status));
  const source = { ...inPlaceSpec.source, policyRef: { name: 'absent' } };
  rival('plain');
  rival('runs', { deletionTimestamp: '2026-11-22T01:30:00Z' }, { stage: 'Restoring' });
  rival('asks', {}, { stage: 'Approving' });
  rival('of no policy', {}, undefined, { ...inPlaceSpec, source });
  rival('of a policy that went', {}, { stage: 'Quiescing' }, { ...inPlaceSpec, source });
  rival('leaves', { deletionTimestamp: '2026-11-22T01:30:00Z' });
  rival('over', {}, { endTime: '2026-11-22T01:30:00Z' });
  rival('stops nothing', {}, undefined, { source: inPlaceSpec.source });
  t.deepEqual(
    rivalsOf(context, makeRestore(inPlaceSpec)).map(({ name, started, waitsForApproval = false }) => [name, started, waitsForApproval]),
    [
      ['asks', true, true],
      ['of a policy that went', true, false],
      ['plain', false, false],
      ['runs', true, false],
    ],
  );
});

test('a Backup that has ended learns from a reading that a tier holds it', async (t) => {
  const { context, job, pod, read } = operator();
  const ended = makeBackup(dumped({ endTime: '2026-11-22T02:05:00Z', phase: 'Complete' }));
  t.is((await gatherBackup(context, ended, told)).copies[0]?.status.state, 'Pending');
  pod(job(reading('inspect-1', 'cloud'), '2026-11-22T02:06:00Z'), inspectResult({ tier: 'cloud' }));
  t.is((await gatherBackup(context, ended, told)).copies[0]?.status.state, 'Pending', 'its log is not read yet');
  read.set('uid of inspect-1', { ...wholeLog(entry({ tier: 'cloud' })), result: inspectResult({ tier: 'cloud' }) });
  t.is((await gatherBackup(context, ended, told)).copies[0]?.status.state, 'Sealed');
  read.set('uid of inspect-1', { ...wholeLog(entry({ tier: 'cloud', verdict: 'Failed' })), result: inspectResult({ tier: 'cloud' }) });
  t.is((await gatherBackup(context, ended, told)).copies[0]?.status.state, 'Pending', 'a copy that is refused is none');
});

test('what a Backup may build on comes from the newest reading of the primary tier, and only while it has not started', async (t) => {
  const { context, caches, job, pod, read } = operator();
  pod(job(reading('inspect-1', 'local'), '2026-11-22T02:06:00Z'), inspectResult());
  read.set('uid of inspect-1', { ...wholeLog(entry()), result: inspectResult() });
  caches.backups.cache.put(makeBackup(dumped({ endTime: '2026-11-22T02:05:00Z', phase: 'Complete' }), { name: 'sealed', uid: 'sealed' }));
  caches.backups.cache.put(makeBackup(dumped({ endTime: '2026-11-22T02:09:00Z', phase: 'Failed' }), { name: 'failed', uid: 'failed' }));
  const gather = (status?: ReturnType<typeof running>, type: 'Full' | 'Incremental' = 'Incremental') =>
    gatherBackup(context, makeBackup(status, {}, { type }), told);
  const { stored, lastSealedTime } = await gather();
  t.is(stored?.measuredTime, Date.parse('2026-11-22T02:06:00Z'));
  t.deepEqual(
    stored?.entries.map(({ backupId }) => backupId),
    [entry().backupId],
  );
  t.is(lastSealedTime, Date.parse('2026-11-22T02:05:00Z'), 'one that failed holds nothing');
  t.is((await gather(undefined, 'Full')).stored, undefined);
  t.is((await gather({ ...running(), components: [] })).stored, undefined);
});

test('readings: the newest that went well counts, and what older ones found is forgotten', async (t) => {
  const { context, job, pod, read, followed, forgotten } = operator();
  pod(job(reading('old'), '2026-11-22T01:00:00Z'), inspectResult({ backups: 1 }));
  pod(job(reading('new'), '2026-11-22T02:00:00Z'), inspectResult({ backups: 2 }));
  pod(job(reading('failed'), '2026-11-22T03:00:00Z'), inspectResult({ outcome: 'Failed', category: 'Repository' }));
  const windows: Output['windows'] = [{ kind: 'window', tier: 'local', component: 'db', intervals: [], gaps: [] }];
  read.set('uid of new', { ...wholeLog(entry(), entry({ backupId: 'b' })), windows });
  read.set('uid of failed', { complete: true, entries: [], entriesComplete: false });
  const { catalogue, jobs } = await gatherPolicy(context, makePolicy({ tiers: [{ name: 'local', s3: { bucket: 'bucket' } }] }), told);
  t.like(catalogue['local'], { measuredTime: Date.parse('2026-11-22T02:00:00Z'), backups: 2 });
  t.is(catalogue['local']?.entries?.length, 2);
  t.deepEqual(catalogue['local']?.windows, windows);
  t.deepEqual([followed, forgotten], [['uid of failed', 'uid of new'], ['uid of old']]);
  t.is(jobs.length, 3);
});

test('readings: after a restart an older one, read again sooner, does not take the place of what the status knows', async (t) => {
  const status: PolicyStatus = { tiers: [{ name: 'local', measuredTime: '2026-11-22T02:00:00Z', backups: 2 }] };
  const policy = makePolicy({ tiers: [{ name: 'local', s3: { bucket: 'bucket' } }] }, status);
  const { context, job, pod, read, followed } = operator(policy);
  pod(job(reading('old'), '2026-11-22T01:00:00Z'), inspectResult({ backups: 1 }));
  pod(job(reading('new'), '2026-11-22T02:00:00Z'), inspectResult({ backups: 2 }));
  read.set('uid of old', wholeLog(entry()));
  t.is((await gatherPolicy(context, policy, told)).catalogue['local'], undefined, 'the newest is still being read');
  t.deepEqual(followed, ['uid of new'], 'and only that one');
  read.set('uid of new', wholeLog(entry(), entry({ backupId: 'b' })));
  t.is((await gatherPolicy(context, policy, told)).catalogue['local']?.entries?.length, 2);
});

test('after a long silence of the watches a Job is judged by what the API server says now, or not at all', async (t) => {
  const { context, job, pod } = operator();
  const waiting = job(
    {
      name: 'shop-dump',
      verb: 'dump',
      attempt: 1,
      owner: 'Backup',
      tier: 'local',
      component: 'db',
      backup: { name: 'b', id, slot: '2026-11-22T02:00:00Z', type: 'Full' },
    },
    '2026-11-22T02:00:00Z',
  );
  pod(waiting);
  const [known] = context.caches.pods.cache.all();
  const ended = { containerStatuses: [{ name: 'agent', state: { terminated: { exitCode: 143, reason: 'Error' } } }] };
  const done = Object.assign({}, known, { status: ended });
  const foreign = Object.assign({}, done, { metadata: { name: 'foreign', namespace: 'shop', uid: 'foreign' } });
  const client = {
    ...nowhere,
    get: () => Promise.resolve(waiting),
    async *list() {
      yield { items: [done, foreign], resourceVersion: '1' };
    },
  } as unknown as typeof nowhere;
  const options = { owners: new Set([makeBackup().metadata.uid]) };
  const state = async (silentMilliseconds: number, asked: typeof nowhere) => {
    const pods = { ...context.caches.pods, life: () => ({ resource: 'pods', silentMilliseconds, refused: false }) };
    return (await readJob({ ...context, caches: { ...context.caches, pods }, client: asked }, waiting, options)).state;
  };
  t.like(await state(60_000, nowhere), { type: 'Running' });
  await t.throwsAsync(state(100_000, nowhere), { message: /API server did not answer/ });
  t.like(await state(100_000, client), { type: 'Reading' }, 'it has ended meanwhile');
});
