// Restores of a real server on real volumes: into something new, in place, undone, and back by themselves where they fail.
import test from 'ava';
import { eventually } from '../kube/on-server.ts';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import { operatorsOf } from '../cluster/namespaced.ts';
import { backup } from '../cluster/operator-objects.ts';
import { dropNamespaces, letIn, ownNamespaces } from '../cluster/shut-out.ts';
import { damageObject } from './support/damage.ts';
import { copySecrets } from './support/namespaces.ts';
import { images, restoreScene, serverOn } from './support/restore-scene.ts';

const namespace = 'holdfast-test-restores';
const { operate, endOperators } = operatorsOf(namespace, { AGENT_IMAGES: JSON.stringify({ 17: images['agent-17'] }) });
const scene = restoreScene(namespace);
const { inNamespace } = scene;
const allUp = '1 2';

test.before(async () => {
  await mustKubectl(['apply', '-f', 'crds/']);
  await mustKubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/']);
  await ownNamespaces(namespace);
  await copySecrets(namespace);
  await operate();
  await scene.build();
  await scene.order(1, 3);
  await scene.apply(backup('first', 'shop'));
  await mustKubectl(inNamespace('wait', 'hb/first', '--for=jsonpath={.status.phase}=Complete', '--timeout=120s'));
});
test.afterEach.always(endOperators);
test.after.always(async () => {
  await endOperators();
  await dropNamespaces(namespace);
  await letIn();
});

// Each test begins where the last one ended: the times of what was committed are kept here.
const times: Record<string, string> = {};

test.serial('into a new claim, as of an instant: any server of that major starts on it, and nothing that runs is touched', async (t) => {
  await operate();
  times['three'] = await scene.time();
  await scene.sql('SELECT pg_sleep(1.1)');
  times['five'] = await scene.order(4, 5);
  await scene.archived(times['five']);
  await scene.restore('look', {
    source: { policyRef: { name: 'shop' }, identitySecretRef: { name: 'identity' } },
    pointInTime: { time: times['three'] },
    components: [{ name: 'db', target: { volume: { size: '2Gi', runAs: { user: 65_532, group: 65_532 } } } }],
    quiesce: undefined,
    confirmation: undefined,
  });
  t.regex(await scene.ended('look'), /^Complete Restored/);
  await scene.apply(serverOn('look-db'));
  await mustKubectl(inNamespace('wait', '--for=condition=Ready', '--timeout=90s', 'pod/restored'));
  t.is(await scene.orders('restored'), '1,2,3');
  t.is(await scene.orders(), '1,2,3,4,5');
  await mustKubectl(inNamespace('delete', 'pod', 'restored', '--wait=true'));
});

test.serial('in place, while the operator is killed at every stage; then undone: each time the rows that belong there', async (t) => {
  let operator = await operate();
  await scene.sql('DELETE FROM orders');
  await scene.restore('back', { pointInTime: { time: times['five'] } });
  const killed = new Set<string>();
  await eventually(
    'the restore ends',
    async () => {
      const { status } = await scene.read('back');
      if (status?.stage !== undefined && !killed.has(status.stage)) {
        killed.add(status.stage);
        await operator.kill();
        operator = await operate();
      }
      return status?.endTime !== undefined;
    },
    300,
  );
  t.regex(await scene.ended('back'), /^Complete Restored/);
  t.deepEqual(
    [...killed],
    ['Planning', 'Quiescing', 'Restoring', 'Resuming', 'Checking'].filter((stage) => killed.has(stage)),
  );
  t.true(killed.size >= 4, [...killed].join());
  t.is(await scene.replicas(), allUp);
  await scene.up();
  t.is(await scene.orders(), '1,2,3,4,5');
  const { status } = await scene.read('back');
  t.like(status, { undo: { state: 'Available' }, rto: { objectiveSeconds: 14_400 } });
  const sum = (status?.phases ?? []).reduce((all, { seconds }) => all + seconds, 0);
  t.true(Math.abs(sum - (status?.rto?.measuredSeconds ?? 0)) < 0.2);

  await scene.undo('away', 'back');
  t.regex(await scene.ended('away'), /^Complete Undone/);
  await scene.up();
  t.is(await scene.orders(), 'none');
  t.is(await scene.replicas(), allUp);
  t.deepEqual(
    (await scene.volume()).filter((name) => name.startsWith('.holdfast')),
    [],
  );
  await eventually('it says that it was undone', async () => (await scene.read('back')).status?.undo?.state === 'Undone', 30);
});

test.serial('the pod that restores is killed: another one goes on, and the restore is whole', async (t) => {
  await operate();
  await scene.restore('killed', { pointInTime: { time: times['five'] } });
  await eventually(
    'its pod runs',
    async () =>
      (
        await kubectl(
          inNamespace('get', 'pods', '-l', 'holdfast.dev/restore=killed', '--field-selector=status.phase=Running', '-o', 'name'),
        )
      ).stdout.includes('restore-db'),
    90,
  );
  await mustKubectl(
    inNamespace(
      'delete',
      'pods',
      '-l',
      'holdfast.dev/restore=killed',
      '--field-selector=status.phase=Running',
      '--grace-period=0',
      '--force',
    ),
  );
  t.regex(await scene.ended('killed'), /^Complete Restored/);
  await scene.up();
  t.is(await scene.orders(), '1,2,3,4,5');
});

const policyPort = (port: number): Promise<string> => {
  const patch = [{ op: 'add', path: '/spec/components/0/postgresql/connection/port', value: port }];
  return mustKubectl(inNamespace('patch', 'hbp', 'shop', '--type=json', '-p', JSON.stringify(patch)));
};

test.serial('a restored server that does not answer: what was there before is back by itself', async (t) => {
  await operate();
  await scene.archived(await scene.order(6, 7));
  // It runs, but not where the policy looks for it.
  await policyPort(5433);
  await scene.restore('unsure', { pointInTime: { time: times['three'] } });
  t.regex(await scene.ended('unsure', 400), /^Failed DeadlineExceeded.*What was there before is back/);
  await policyPort(5432);
  await scene.up();
  t.is(await scene.orders(), '1,2,3,4,5,6,7');
  t.is(await scene.replicas(), allUp);
});

test.serial('deleted while it runs: the old state is back, and the workloads too', async (t) => {
  await operate();
  await scene.restore('cancelled', { pointInTime: { time: times['three'] } });
  await eventually('it restores', async () => (await scene.read('cancelled')).status?.stage === 'Restoring', 90);
  await mustKubectl(inNamespace('delete', 'restore', 'cancelled', '--timeout=120s'));
  await scene.up();
  t.is(await scene.orders(), '1,2,3,4,5,6,7');
  t.is(await scene.replicas(), allUp);
});

test.serial('a damaged source: found before anything is stopped or overwritten', async (t) => {
  await operate();
  const before = await mustKubectl(inNamespace('get', 'statefulset', 'postgres', '-o', 'jsonpath={.metadata.generation}'));
  const mend = damageObject(scene.prefix, /base\.tar/);
  try {
    await scene.restore('damaged', { pointInTime: { time: times['three'] } });
    t.regex(await scene.ended('damaged'), /^Failed SourceVerificationFailed/);
  } finally {
    mend();
  }
  t.is(await mustKubectl(inNamespace('get', 'statefulset', 'postgres', '-o', 'jsonpath={.metadata.generation}')), before);
  t.is(await scene.orders(), '1,2,3,4,5,6,7');
});
