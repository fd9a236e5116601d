// What only the operator can see, on the real API server with the real kubelet: named with the next step long before the deadline. And an
// operator that is fed resources of any shape: it lives, and comes to rest.
import test from 'ava';
import { KubeConfig } from '@kubernetes/client-node';
import * as fc from 'fast-check';
import { join } from 'node:path';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { backupPolicies, backups } from '../../src/controllers/resources.ts';
import { createClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connection.ts';
import { KubeError } from '../../src/kube/errors.ts';
import * as fuzz from '../core/fuzz.ts';
import { eventually, sleep } from '../kube/on-server.ts';
import { installCrds } from './crds.ts';
import { mustKubectl, root } from './kubectl.ts';
import { backup, conditionsOf, database, messageOf, policy } from './operator-objects.ts';
import { startOperator } from './operator-process.ts';
import type { OperatorProcess } from './operator-process.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';

const namespace = 'holdfast-test-troubles';
const fuzzNamespace = `${namespace}-fuzz`;

const config = new KubeConfig();
config.loadFromFile(process.env['HOLDFAST_TEST_KUBECONFIG'] ?? join(root, '.cluster/kubeconfig'));
const client = createClient(connect(config));
const operators: OperatorProcess[] = [];
const operatorOn = async (name: string): Promise<OperatorProcess> => {
  const operator = await startOperator(name);
  operators.push(operator);
  return operator;
};

test.before(async () => {
  await installCrds();
  await ownNamespaces(namespace, fuzzNamespace);
});
test.after.always(async () => {
  await Promise.all(operators.filter((each) => each.isRunning()).map((each) => each.kill()));
  await dropNamespaces(namespace, fuzzNamespace);
  await letIn(namespace);
  await client.close();
});

const apply = (object: object): Promise<string> => mustKubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(object));
const secret = (name: string, ...literals: string[]): Promise<string> =>
  mustKubectl(['create', 'secret', 'generic', name, '-n', namespace, ...literals.map((literal) => `--from-literal=${literal}`)]);

const oneDatabase = {
  components: [database('db')],
  jobs: { deadlines: { start: '10m' }, resources: { requests: { cpu: '1m', memory: '1Mi' } } },
};
const withJobs = (jobs: object) => ({ ...oneDatabase, jobs: { ...oneDatabase.jobs, ...jobs } });
const volume = (claimName: string) => [{ name: 'local', persistentVolumeClaim: { claimName } }];

// One fault each; all else is as it should be.
const troubles: Record<string, { spec: object; says: RegExp }> = {
  'no-secret': {
    spec: { ...oneDatabase, components: [database('db', 'absent')] },
    says: /db: FailedMount: .*secret "absent" not found\. Create the Secret "absent", or mend its name in connection\.credentialsSecretRef\./,
  },
  'no-key': {
    spec: { ...oneDatabase, components: [database('db', 'half')] },
    says: /db: FailedMount: .*references non-existent secret key: password\. The Secret has no key "password": add it, or mend connection\.credentialsSecretRef\./,
  },
  'no-claim': {
    spec: { ...oneDatabase, tiers: volume('absent') },
    says: /persistentvolumeclaim "absent" not found.* Create the claim "absent", or mend its name in persistentVolumeClaim\.claimName of the tier,/,
  },
  'unbound-claim': {
    spec: { ...oneDatabase, tiers: volume('unbound') },
    says: /unbound immediate PersistentVolumeClaims.* Look at the claims of the pod/,
  },
  'no-account': {
    spec: withJobs({ serviceAccountName: 'absent' }),
    says: /db: FailedCreate: .*serviceaccount "absent" not found\. Create the ServiceAccount "absent", or mend serviceAccountName/,
  },
  'no-node': {
    spec: withJobs({ nodeSelector: { 'holdfast.dev/test': 'none' } }),
    says: /didn't match Pod's node affinity\/selector.* Mend spec\.jobs\.nodeSelector, or label a node\./,
  },
  'too-large': {
    spec: withJobs({ resources: { requests: { memory: '900Gi' } } }),
    says: /Insufficient memory.* Lower spec\.jobs\.resources\.requests\.memory, or make room on a node\./,
  },
  'no-image': { spec: oneDatabase, says: /db: (ErrImagePull|ImagePullBackOff): .*Mend agent\.images in the values of the chart/ },
};

test('what holds a pod up is said within seconds, with the next step, while the run goes on waiting', async (t) => {
  t.timeout(180_000);
  await secret('login', 'username=a', 'password=CANARY-of-the-login');
  await secret('signing', 'signing.key=c');
  await secret('half', 'username=CANARY-of-the-half');
  const claim = { storageClassName: 'absent', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } };
  await apply({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'unbound' }, spec: claim });
  await operatorOn(namespace);
  const names = Object.keys(troubles);
  await Promise.all(names.map((name) => apply(policy(name, troubles[name]?.spec))));
  await Promise.all(names.map((name) => apply(backup(name, name))));
  for (const [name, { says }] of Object.entries(troubles)) {
    const read = async () => (await client.get<Backup>(backups, { namespace, name }))?.status;
    await eventually(`${name} is named: ${JSON.stringify(await read())}`, async () => says.test(messageOf((await read())?.conditions)), 60);
    const status = await read();
    t.is(status?.phase, 'Running', name);
    t.is(conditionsOf(status?.conditions)['Reconciling'], 'True Running', name);
    t.false(JSON.stringify(status).includes('CANARY'));
  }
});

const seed = Number(process.env['SEED'] ?? 1);
// What the API server takes of the schema's values; rules of CEL refuse some.
const create = async (object: Backup | BackupPolicy, name: string): Promise<boolean> => {
  const { apiVersion, kind, spec, status } = object;
  const resource = kind === 'Backup' ? backups : backupPolicies;
  try {
    await client.create(resource, { apiVersion, kind, metadata: { name, namespace: fuzzNamespace }, spec });
    if (status !== undefined) {
      await client.patch(resource, { namespace: fuzzNamespace, name }, { status }, { subresource: 'status' });
    }
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.status === 422) {
      return false;
    }
    throw error;
  }
};

test('resources of any shape that the API server takes: the operator lives, and comes to rest', async (t) => {
  t.timeout(180_000);
  const operator = await operatorOn(fuzzNamespace);
  const valid = fc.sample(fuzz.policies(false), { numRuns: 25, seed });
  const runs = fc.sample(fuzz.backups(false), { numRuns: 25, seed });
  let taken = 0;
  for (const [at, each] of valid.entries()) {
    taken += (await create({ ...each, spec: { ...each.spec, suspend: true } }, `policy-${at}`)) ? 1 : 0;
  }
  for (const [at, each] of runs.entries()) {
    taken += (await create({ ...each, spec: { ...each.spec, policyRef: { name: `policy-${at % 50}` } } }, `run-${at}`)) ? 1 : 0;
  }
  t.true(taken >= 20, `only ${taken} were taken: the test is about nothing`);
  // Statuses that wait for something are written again when that comes; nothing is written over and over.
  let last = -1;
  const writes = () => operator.writes().filter(({ path }) => path.endsWith('/status')).length;
  await eventually(
    'it comes to rest',
    async () => {
      last = writes();
      await sleep(4000);
      return writes() - last <= 2;
    },
    90,
  );
  t.true(operator.isRunning());
  t.is(operator.stderr(), '');
  const faults = operator.log.filter(({ level, message }) => level === 'error' || /TypeError|RangeError/.test(JSON.stringify(message)));
  t.deepEqual(faults.slice(0, 3), []);
  t.is(await operator.stop(), 0);
});
