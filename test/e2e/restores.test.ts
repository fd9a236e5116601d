// Restores of a real server on real volumes: into something new, in place, undone, and back by themselves where they fail.
import { join } from 'node:path';
import test from 'ava';
import { durationText } from '../../src/commands/common/figures.ts';
import { findCondition } from '../../src/core/plan/conditions.ts';
import { auditRecord } from '../../src/core/restore/audit-record.ts';
import { runProcess } from '../commands/capture.ts';
import { eventually } from '../kube/on-server.ts';
import { installCrds } from '../cluster/crds.ts';
import { kubectl, mustKubectl, root } from '../cluster/kubectl.ts';
import { operatorsOf } from '../cluster/namespaced.ts';
import { backup, secondsBetween } from '../cluster/operator-objects.ts';
import { missingImage } from '../cluster/operator-process.ts';
import { dropNamespaces, letIn, ownNamespaces } from '../cluster/shut-out.ts';
import { storedRecord } from './support/audit-record.ts';
import { damageObject } from './support/damage.ts';
import { bucketDirectory, identityFile } from './support/demo.ts';
import { removeTree } from './support/files.ts';
import { copySecrets } from './support/namespaces.ts';
import { images, restoreScene, serverOn } from './support/restore-scene.ts';
import { tamperWith } from './support/tamper.ts';
import { atTerminal, withoutColours } from './support/terminal.ts';
import { until } from './support/until.ts';

const namespace = 'holdfast-test-restores';
const { operate, endOperators } = operatorsOf(namespace, { AGENT_IMAGES: JSON.stringify({ 17: images['agent-17'] }) });
const scene = restoreScene(namespace);
const { inNamespace } = scene;
const allUp = '1 2';

test.before(async () => {
  await installCrds();
  await ownNamespaces(namespace);
  await copySecrets(namespace);
  await operate();
  await scene.build();
  await scene.order(1, 3);
  await scene.apply(backup('first', 'shop'));
  await mustKubectl(inNamespace('wait', 'hb/first', '--for=jsonpath={.status.phase}=Complete', '--timeout=180s'));
});
test.afterEach.always(endOperators);
test.after.always(async () => {
  await endOperators();
  await dropNamespaces(namespace);
  await letIn(namespace);
  removeTree(join(bucketDirectory, scene.prefix));
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
    components: [{ name: 'db', target: { volume: { size: '2Gi' } } }],
    quiesce: undefined,
    confirmation: undefined,
  });
  t.regex(await scene.ended('look'), /^Complete Restored/);
  // The user of the usual images, whom the image of the agent does not know.
  await scene.apply(serverOn('look-db', 999));
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
  t.true(Math.abs(sum - secondsBetween(status?.startTime, status?.endTime)) < 2, `${sum} s of phases`);

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

const byHand = ['restore', '--emergency', '-n', namespace, '--policy', 'shop', '--identity', identityFile, '--stop', 'deployment/web'];
const emergency = (...more: string[]): string[] => byHand.concat(more);
const backToFive = (): string[] => emergency('--to-time', times['five'] ?? '');
const everyRestore = async (): Promise<string> => mustKubectl(inNamespace('get', 'restores', '-o', 'name'));
const question = /Type \S+\/shop to go on: /;

test.serial('by hand: nothing is made for who types something else, or has no terminal and does not say it', async (t) => {
  const before = await everyRestore();
  const mistyped = await atTerminal(backToFive(), [{ asked: question, typed: 'YES' }], { NO_COLOR: '1' });
  t.is(mistyped.code, 4);
  t.false(mistyped.shown.includes('\u001B[31m'), 'NO_COLOR');
  t.regex(withoutColours(mistyped.shown), /Error \(NotConfirmed\): .* "YES" was typed\. Nothing was done/);
  const unasked = await runProcess([...backToFive(), '--kubeconfig', join(root, '.cluster/kubeconfig')]);
  t.is(unasked.code, 4, unasked.stderr);
  t.regex(unasked.stderr, /Nobody is here to ask: this is no terminal/);
  t.is(await everyRestore(), before);
  t.is(await scene.replicas(), allUp);
});

const killRestorer = async (): Promise<void> => {
  const running = ['-l', 'holdfast.dev/verb=recover', '--field-selector=status.phase=Running'];
  const name = await until('the pod that restores', 120, async () =>
    (await kubectl(inNamespace('get', 'pods', ...running, '-o', 'name'))).stdout.split('\n').find((each) => each.includes('-restore-db-')),
  );
  await mustKubectl(inNamespace('delete', name, '--grace-period=0', '--force'));
};

test.serial(
  'by hand at a terminal, while the pod that restores is killed: another one goes on, and the report says what the status says',
  async (t) => {
    await operate();
    const begun = Date.now();
    const [{ code, shown }] = await Promise.all([
      atTerminal(backToFive(), [{ asked: question, typed: `${namespace}/shop` }]),
      killRestorer(),
    ]);
    const text = withoutColours(shown);
    t.is(code, 0, text);
    // oxlint-disable-next-line no-control-regex
    t.regex(shown, /\u001B\[/);
    for (const line of [
      /^ {2}✓ policy /m,
      /^ {2}✓ identity +It opens what the policy encrypts/m,
      /^ {2}✓ target +data-postgres-0\/pgdata is there\. To be stopped for it: Deployment web \(2 replicas\), StatefulSet postgres \(1 replica\)/m,
      /^REPLACES +data-postgres-0\/pgdata; what is there is put aside/m,
      /^PLAN +[0-9a-f]{16}/m,
      /RTO budget left 3h 5\dm/,
    ]) {
      t.regex(text, line);
    }
    const name = /Created the Restore [^/]+\/(\S+)\./.exec(text)?.[1] ?? '';
    const { status } = await scene.read(name);
    const measured = status?.rto?.measuredSeconds ?? 0;
    t.true(text.includes(`It took ${durationText(measured * 1000)}: the objective of 4h is met.`), text);
    for (const { name: phase, seconds } of status?.phases ?? []) {
      t.regex(text, new RegExp(`^ {2}${phase} +${durationText(seconds * 1000)}$`, 'm'));
    }
    t.true(text.includes(`RTO budget left ${durationText((14_400 - measured) * 1000)}\n`), text);
    t.true(text.includes(`kubectl holdfast undo restore/${name} -n ${namespace}`));
    t.is(status?.undo?.state, 'Available');
    t.true(Date.parse(status?.startTime ?? '') - begun < 5 * 60_000, 'started within five minutes, with all questions');
    await scene.up();
    t.is(await scene.orders(), '1,2,3,4,5');
    t.is(await scene.replicas(), allUp);
    t.is((await kubectl(inNamespace('get', 'secret', `${name}-identity`))).code, 1, 'what was lent is taken back');

    const audited = await until('its record', 90, async () => {
      const restore = await scene.read(name);
      return restore.status?.audit?.state === 'Written' && restore;
    });
    const document = storedRecord(scene.prefix, audited.status?.audit?.key ?? '');
    t.deepEqual(document.record, auditRecord(audited));
    t.like(document.record, {
      restore: { namespace, name },
      confirmation: `${namespace}/shop`,
      outcome: 'Complete',
      measuredSeconds: measured,
      point: { time: times['five'] },
      components: [{ claimName: 'data-postgres-0', kept: true }],
    });
  },
);

const patchPolicy = (...patch: object[]): Promise<string> =>
  mustKubectl(inNamespace('patch', 'hbp', 'shop', '--type=json', '-p', JSON.stringify(patch)));
const generation = (): Promise<string> =>
  mustKubectl(inNamespace('get', 'statefulset', 'postgres', '-o', 'jsonpath={.metadata.generation}'));
const policyPort = (port: number): Promise<string> =>
  patchPolicy({ op: 'add', path: '/spec/components/0/postgresql/connection/port', value: port });
const newest = { policyRef: { name: 'shop' }, latest: true, identitySecretRef: { name: 'identity' } };

const policyImage = (image: string): Promise<string> =>
  patchPolicy({ op: 'add', path: '/spec/components/0/postgresql/image', value: image });

// The tests after it restore with the server's own image.
test.serial('an image of the server that cannot be had is found by the plan, before anything is stopped', async (t) => {
  await operate();
  const before = await generation();
  await policyImage(missingImage);
  await scene.restore('no-image', { source: newest });
  const said = /the image \S+ of the server cannot be had\. .*Mend postgresql\.image/;
  await eventually('it says so', async () => said.test(JSON.stringify((await scene.read('no-image')).status?.conditions)), 60);
  t.is((await scene.read('no-image')).status?.stage, 'Planning');
  await mustKubectl(inNamespace('delete', 'restore', 'no-image', '--timeout=60s'));
  t.is(await generation(), before);
  await policyImage(images['postgres'] ?? '');
});

const tampered = /^Failed RestoreVerificationFailed: db: A page is damaged/;

test.serial('what was restored is tampered with before it is verified: never Ready, neither beside nor in place', async (t) => {
  await operate();
  const target = { volume: { size: '2Gi' } };
  await Promise.all([
    scene.restore('tampered', { components: [{ name: 'db', target }], quiesce: undefined, source: newest, confirmation: undefined }),
    scene.restore('tampered-here', { source: newest }),
    tamperWith(namespace, 'tampered-db'),
    tamperWith(namespace, 'data-postgres-0'),
  ]);
  t.regex(await scene.ended('tampered'), tampered);
  t.regex(await scene.ended('tampered-here'), tampered);
  t.regex(await scene.ended('tampered-here'), /What was there before is back/);
  for (const name of ['tampered', 'tampered-here']) {
    t.is(findCondition((await scene.read(name)).status?.conditions, 'Ready')?.status, 'False');
  }
  await scene.up();
  t.is(await scene.orders(), '1,2,3,4,5');
  t.is(await scene.replicas(), allUp);
});

test.serial('a restored server that does not answer: what was there before is back by itself', async (t) => {
  await operate();
  // So long it is waited for.
  await patchPolicy({ op: 'replace', path: '/spec/jobs/deadlines/start', value: '45s' });
  await scene.archived(await scene.order(6, 7));
  // It runs, but not where the policy looks for it.
  await policyPort(5433);
  await scene.restore('unsure', { pointInTime: { time: times['three'] } });
  t.regex(await scene.ended('unsure', 400), /^Failed DeadlineExceeded.*What was there before is back/);
  await policyPort(5432);
  await patchPolicy({ op: 'replace', path: '/spec/jobs/deadlines/start', value: '2m' });
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
  const before = await generation();
  const mend = damageObject(scene.prefix, /base\.tar/);
  try {
    const asked = emergency('--to-time', times['three'] ?? '', '--confirm', `${namespace}/shop`, '-o', 'json');
    const { code, stdout, stderr } = await runProcess([...asked, '--kubeconfig', join(root, '.cluster/kubeconfig')]);
    t.is(code, 4, stderr);
    const document = JSON.parse(stdout) as { restore: { name: string }; phases: object[] };
    t.like(document, { policy: `${namespace}/shop`, verdict: 'Refused', reason: 'SourceVerificationFailed' });
    t.false(stderr.includes('\u001B['), 'no colours where there is no terminal');
    t.regex(await scene.ended(document.restore.name), /^Failed SourceVerificationFailed/);
    t.deepEqual(document.phases, (await scene.read(document.restore.name)).status?.phases ?? []);
  } finally {
    mend();
  }
  t.is(await generation(), before);
  t.is(await scene.orders(), '1,2,3,4,5,6,7');
});
