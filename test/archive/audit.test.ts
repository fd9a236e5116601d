// Records of restores in the store: signed, written once, and never by whom the repository does not belong to.
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { AgentResult, AuditPlan } from '../../src/api/agent.ts';
import type { RestoreRecord } from '../../src/api/stored/audit.ts';
import { adopt } from '../../src/archive/adopt.ts';
import { audit, readAudit } from '../../src/archive/audit.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { keepLog } from '../../src/archive/kept-log.ts';
import { runPlan } from '../../src/archive/run-plan.ts';
import { readVerifiers } from '../../src/archive/signing/keys.ts';
import { backUp, backupId, filesOf, inFolder, makePolicy, verdicts, watched } from './repository.ts';
import type { Policy } from './repository.ts';

let keys: Policy;
let folders = 0;
test.before(async () => {
  keys = await makePolicy();
});
test.after.always(() => rm(keys.directory, { recursive: true, force: true }));
const emptyPolicy = (): Promise<Policy> => {
  folders += 1;
  return inFolder(keys, `policy-${folders}`);
};
const policyFor = async (): Promise<Policy> => {
  const policy = await emptyPolicy();
  await backUp(policy, backupId(1));
  return policy;
};

const record: RestoreRecord = {
  restore: { namespace: 'shop', name: 'back', uid: '3F9A1C04-1111-2222-3333-444444444444', createdTime: '2026-11-22T01:59:00Z' },
  policy: 'shop',
  requestedBy: 'ann@example.org',
  confirmation: 'shop/shop',
  safetyBackup: 'Required',
  verifiedBefore: true,
  components: [{ name: 'db', target: 'the claim data-postgres-0', overwrites: 'a data directory', backups: ['b1'], outcome: 'Verified' }],
  stopped: [{ kind: 'StatefulSet', name: 'postgres', replicas: 1 }],
  outcome: 'Complete',
  endTime: '2026-11-22T02:09:00Z',
};
const key = 'audit/20261122T020900Z-restore-3f9a1c04.json';
const auditPlan = (policy: Policy, changes: Partial<AuditPlan> = {}): AuditPlan => ({
  verb: 'audit',
  attempt: 1,
  policy: { namespace: 'shop', name: 'shop' },
  clusterId: 'cluster-a',
  verificationKeys: [policy.verificationKey],
  signingKeyFile: policy.signingKeyFile,
  tier: policy.tier('local'),
  record,
  ...changes,
});
const opened = (policy: Policy, bytes: Buffer) => {
  const { repositoryId } = JSON.parse(filesOf(policy).get('holdfast.json')?.toString() ?? '{}');
  return readAudit(bytes, key, repositoryId, readVerifiers([policy.verificationKey]));
};

test('the record is one signed object that says what it was given, and nothing else is changed', async (t) => {
  const policy = await policyFor();
  const before = filesOf(policy);
  t.deepEqual(await audit(auditPlan(policy), watched()), { written: true, key });
  const after = filesOf(policy);
  t.deepEqual(
    [...after.keys()].filter((each) => !before.has(each)),
    [key],
  );
  t.true([...before].every(([each, bytes]) => after.get(each)?.equals(bytes)));
  const document = opened(policy, after.get(key) as Buffer);
  t.deepEqual(document.record, record);
  t.like(document, { key, act: 'Restore', epoch: 1, clusterId: 'cluster-a', schema: 'holdfast.dev/audit/v1' });
});

test('an attempt whose answer was lost is found again; another record under its name is refused', async (t) => {
  const policy = await policyFor();
  await audit(auditPlan(policy), watched());
  const first = filesOf(policy).get(key);
  t.deepEqual(await audit(auditPlan(policy, { attempt: 2 }), watched()), { written: true, key });
  const other = { ...record, requestedBy: 'mallory@example.org' };
  const error = await t.throwsAsync(audit(auditPlan(policy, { record: other }), watched()), { instanceOf: ArchiveError });
  t.is(error.code, 'AlreadyStored');
  t.deepEqual(filesOf(policy).get(key), first);
});

test('a record that somebody changed is not believed', async (t) => {
  const policy = await policyFor();
  await audit(auditPlan(policy), watched());
  const envelope = JSON.parse(filesOf(policy).get(key)?.toString() ?? '{}');
  const payload = Buffer.from(envelope.payload, 'base64').toString().replace('ann@example.org', 'bob@example.org');
  const forged = Buffer.from(JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }));
  t.throws(() => opened(policy, forged), { message: /does not fit its content/ });
});

test('where the repository is of another cluster, or none is there, nothing is written and the result says so', async (t) => {
  const policy = await policyFor();
  const before = filesOf(policy);
  const foreign = await audit(auditPlan(policy, { clusterId: 'cluster-b' }), watched());
  t.is(foreign.written, false);
  t.regex(foreign.note ?? '', /belongs to the policy shop\/shop of the cluster cluster-a \(epoch 1\); here it is only read/);
  t.deepEqual(filesOf(policy), before);
  await adopt(
    {
      verb: 'adopt',
      policy: { namespace: 'shop', name: 'shop' },
      clusterId: 'cluster-b',
      verificationKeys: [policy.verificationKey],
      signingKeyFile: policy.signingKeyFile,
      tiers: [policy.tier('local')],
    },
    watched(),
  );
  t.is((await audit(auditPlan(policy), watched())).written, false, 'the first cluster, now');
  t.like(await audit(auditPlan(policy, { clusterId: 'cluster-b' }), watched()), { written: true });
  t.is(opened(policy, filesOf(policy).get(key) as Buffer).epoch, 2);

  const empty = await emptyPolicy();
  const nowhere = await audit(auditPlan(empty), watched());
  t.is(nowhere.written, false);
  t.regex(nowhere.note ?? '', /holds no repository yet/);
  t.is(filesOf(empty).size, 0, 'no repository is made for it');
});

test('an inspection takes records for what they are, also where there is rubbish among them', async (t) => {
  const policy = await policyFor();
  await audit(auditPlan(policy), watched());
  await writeFile(join(policy.directory, 'local/audit/rubbish'), 'rubbish');
  t.deepEqual(await verdicts(policy), [{ backupId: backupId(1), verdict: 'Passed' }]);
  const facts = await inspect(policy.inspectPlan({ thorough: true }), watched());
  t.is(facts.damaged, undefined);
  t.like(facts, { backups: 1, refused: 0, abandoned: { attempts: 0, bytes: 0 } });
  t.true((facts.stored?.otherBytes ?? 0) > 500, 'they are counted');
});

const run = (plan: AuditPlan): Promise<AgentResult> => {
  const { log, report, signal } = watched();
  return runPlan(plan, { log, report, kept: keepLog(), signal });
};

test('as the agent runs it: one result that names the object, and no log in the store', async (t) => {
  const policy = await policyFor();
  t.like(await run(auditPlan(policy)), { verb: 'audit', attempt: 1, outcome: 'Succeeded', category: 'None', written: true, key });
  t.deepEqual((await readdir(join(policy.directory, 'local'))).includes('logs'), false);
  const failed = await run(auditPlan(policy, { record: { ...record, policy: 'other' } }));
  t.like(failed, { verb: 'audit', outcome: 'Failed', category: 'Repository', code: 'AlreadyStored' });
});
