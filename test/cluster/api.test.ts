// The CRDs on a real API server: right resources are accepted, wrong ones refused with a message that helps.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { rightBackup, rightPolicy } from '../api/right-inputs.ts';
import { type WrongInput, wrongInputs } from '../api/wrong-inputs.ts';
import { kubectl, mustKubectl, root } from './kubectl.ts';

const namespace = 'holdfast-test-api';

test.before(async () => {
  await mustKubectl(['apply', '-f', 'crds/']);
  await mustKubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/']);
  await mustKubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait', '--timeout=60s']);
  await mustKubectl(['create', 'namespace', namespace]);
});

test.after.always(async () => {
  await kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
});

const apply = (object: unknown, ...flags: string[]) =>
  kubectl(['apply', '--namespace', namespace, ...flags, '-f', '-'], JSON.stringify(object));

const assertRefused = async (t: ExecutionContext, wrong: WrongInput, says: string[], ...flags: string[]): Promise<void> => {
  const { code, stderr, stdout } = await apply(wrong.object, ...flags);
  t.not(code, 0, `accepted: ${stdout}`);
  for (const words of says) {
    t.true(stderr.includes(words), `"${words}" is missing in: ${stderr}`);
  }
  if (wrong.hides !== undefined) {
    t.false(stderr.includes(wrong.hides), `a secret is repeated in: ${stderr}`);
  }
};

for (const wrong of wrongInputs) {
  test(`refused: ${wrong.name}`, async (t) => {
    if (wrong.before !== undefined) {
      await mustKubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(wrong.before));
    }
    await assertRefused(t, wrong, wrong.says);
    await assertRefused(t, wrong, wrong.saysServerSide ?? wrong.says, '--server-side', '--force-conflicts');
  });
}

test('wrong inputs are at least forty, each with a name of its own', (t) => {
  t.true(wrongInputs.length >= 40);
  t.is(new Set(wrongInputs.map(({ name }) => name)).size, wrongInputs.length);
});

test('the resources that the wrong ones are made from are accepted', async (t) => {
  for (const object of [rightPolicy('accepted'), rightBackup('accepted')]) {
    for (const flags of [[], ['--server-side', '--force-conflicts']]) {
      const { code, stderr } = await apply(object, ...flags);
      t.is(code, 0, stderr);
    }
  }
});

test('every sample is accepted', async (t) => {
  for (const file of readdirSync(join(root, 'manifests/samples'))) {
    // Only asked: an operator in the cluster shall start nothing.
    const { code, stderr } = await kubectl(['create', '--namespace', namespace, '--dry-run=server', '-f', `manifests/samples/${file}`]);
    t.is(code, 0, `${file}: ${stderr}`);
  }
});

test('defaults are filled in by the API server', async (t) => {
  const policy = rightPolicy('defaults');
  policy.spec.schedules = undefined;
  policy.spec.jobs = undefined;
  policy.spec.components[0].postgresql.logical = undefined;
  await mustKubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(policy));
  const { spec } = parse(await mustKubectl(['get', 'backuppolicy', 'defaults', '--namespace', namespace, '-o', 'yaml']));
  t.is(spec.jobs.parallelism, 2);
  t.is(spec.jobs.deadlines.dump, '6h');
  t.is(spec.components[0].postgresql.connection.sslMode, 'verify-full');
  t.deepEqual(spec.components[0].postgresql.logical, { enabled: true, databases: [], globals: true });
  t.deepEqual(spec.schedules, {});
});

test('right values at the edges are accepted', async (t) => {
  const crons = ['*/15 * * * *', '0 2 L * *', '0,30 8-18/2 1-15 JAN-MAR MON-FRI', '59 23 31 12 7'];
  for (const [index, cron] of crons.entries()) {
    const policy = rightPolicy(`edge-${index}`);
    policy.spec.schedules.full = { cron, timeZone: 'America/Argentina/Buenos_Aires' };
    policy.spec.components[0].postgresql.connection.host = ['2001:db8::17', '192.0.2.1', '::1', 'db.example.org'][index];
    policy.spec.tiers[1].s3.endpoint = ['https://[2001:db8::1]:9000', 'https://s3', 'https://s3.example.org', 'https://10.0.0.1:7070'][
      index
    ];
    policy.metadata.name = `${policy.metadata.name}-`.padEnd(32, 'x');
    const { code, stderr } = await apply(policy);
    t.is(code, 0, stderr);
  }
});

test('status is a subresource: a write of the resource cannot touch it, and the columns show it', async (t) => {
  const policy = rightPolicy('columns');
  await mustKubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify({ ...policy, status: { repositoryId: 'forged' } }));
  const before = await mustKubectl(['get', 'hbp', 'columns', '--namespace', namespace, '-o', 'jsonpath={.status}']);
  t.deepEqual(JSON.parse(before), { observedGeneration: -1 }, 'nobody has looked at it yet');
  const time = '2026-11-22T02:00:00Z';
  const status = {
    conditions: [{ type: 'Ready', status: 'True', reason: 'Armed', message: '', lastTransitionTime: time }],
    rpo: { restorableTime: time },
    tiers: [{ name: 'local', latestBackupTime: time }],
    next: [{ type: 'Full', time: '2036-11-23T02:00:00Z' }],
  };
  await mustKubectl([
    'patch',
    'hbp',
    'columns',
    '--namespace',
    namespace,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status }),
  ]);
  const table = await mustKubectl(['get', 'hbp', 'columns', '--namespace', namespace]);
  t.regex(table, /^NAME +READY +SUSPENDED +LAST BACKUP +RESTORABLE TO +NEXT +AGE\n/);
  t.regex(table, /columns +True +true +\S+ +2026-11-22T02:00:00Z +2036-11-23T02:00:00Z/);
  t.true((await mustKubectl(['get', 'holdfast', '--namespace', namespace])).includes('backuppolicy.holdfast.dev/columns'));
});
