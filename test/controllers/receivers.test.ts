// The Deployment of a WAL receiver, and what is believed of its pod.
import test from 'ava';
import type { ReceiverRun } from '../../src/controllers/receivers/lines.ts';
import { buildReceiver } from '../../src/controllers/receivers/deployment.ts';
import { podFacts, runOf } from '../../src/controllers/receivers/pod-facts.ts';
import type { Pod } from '../../src/controllers/caches.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { build, everything, podOf } from './job-cases.ts';
import { nowhere } from './nowhere.ts';

const settings = { agentImages: new Map([[15, 'registry/agent-15:1']]), clusterId: 'cluster-uid' };
const made = (policy = everything(), images = settings.agentImages) => buildReceiver(policy, 'db', { ...settings, agentImages: images });
const hashOf = (...given: Parameters<typeof made>) => made(...given).metadata?.annotations?.['holdfast.dev/made-from'];

test('one pod, never two, started again whenever it ends, and gone with the policy', (t) => {
  const { spec, metadata } = made();
  t.like(spec, { replicas: 1, strategy: { type: 'Recreate' }, template: { spec: { restartPolicy: 'Always' } } });
  t.like(metadata, {
    name: 'shop-wal-db',
    namespace: 'shop',
    ownerReferences: [{ kind: 'BackupPolicy', uid: 'policy-uid', controller: true }],
  });
  const labels = spec?.template.metadata?.labels ?? {};
  t.deepEqual(
    Object.fromEntries(Object.keys(spec?.selector.matchLabels ?? {}).map((key) => [key, labels[key]])),
    spec?.selector.matchLabels,
  );
});

test('its pod is that of a Job of the same verb, with the identity of the tier that is written first', (t) => {
  const own = made().spec?.template.spec;
  const job = podOf(build('receive', { tier: 'cloud', receive: { mode: 'Continuous' } }));
  t.deepEqual(own, job);
  t.is(own?.serviceAccountName, 'writer-cloud');
});

test('what it is made from moves with everything that it runs by, and with nothing else', (t) => {
  const before = hashOf();
  t.is(hashOf(), before);
  t.is(hashOf(everything({ objectives: { rpo: '1h' } })), before);
  t.not(hashOf(everything(), new Map([[15, 'registry/agent-15:2']])), before);
  t.not(hashOf(everything({ jobs: { nodeSelector: { disk: 'fast' } } })), before);
  const slower = everything();
  Object.assign(slower.spec.components[0]?.postgresql?.walArchive ?? {}, { flushInterval: '1m' });
  t.not(hashOf(slower), before);
});

const together = (policy = everything()) =>
  (['dump', 'copy', 'inspect', 'seal'] as const).map(
    (verb) => podOf(build(verb, { tier: verb === 'inspect' ? 'cloud' : 'local' }, policy)).affinity !== undefined,
  );

test('with a receiver, all pods of the policy that mount a volume run on one node; others run anywhere', (t) => {
  t.deepEqual(together(), [true, true, false, true]);
  const off = everything();
  Object.assign(off.spec.components[0]?.postgresql?.walArchive ?? {}, { mode: 'Off' });
  t.deepEqual(together(off), [false, false, false, false]);
  const [term] = made().spec?.template.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const labels = made().spec?.template.metadata?.labels ?? {};
  t.is(term?.topologyKey, 'kubernetes.io/hostname');
  for (const [key, value] of Object.entries(term?.labelSelector?.matchLabels ?? {})) {
    t.is(labels[key], value, 'the first one is of its own group, so it may run anywhere');
    t.is(build('dump').spec?.template.metadata?.labels?.[key], value);
  }
  t.false('holdfast.dev/one-node' in (build('inspect', { tier: 'cloud' }).metadata?.labels ?? {}));
});

const result = JSON.stringify({
  kind: 'result',
  time: '2026-11-22T02:00:00Z',
  verb: 'receive',
  component: 'db',
  outcome: 'Failed',
  category: 'Configuration',
  code: 'SlotUnsafe',
  message: 'Set a limit.',
});
const reader = { client: nowhere, log: createLog(() => undefined), now: () => 0 };
const pod = (state: object, lastState: object = {}, restartCount = 0): Pod =>
  ({
    metadata: { namespace: 'shop', name: 'p', uid: 'pod-uid', creationTimestamp: '1970-01-01T00:00:00Z' },
    status: { containerStatuses: [{ name: 'agent', image: 'i', state, lastState, restartCount }] },
  }) as unknown as Pod;

for (const [title, given, expected] of [
  ['it runs', pod({ running: { startedAt: '1970-01-01T00:01:00Z' } }), { state: 'Running', startTime: 60_000 }],
  ['it ended with its result', pod({ terminated: { exitCode: 78, message: result } }), { state: 'Ended', result: { code: 'SlotUnsafe' } }],
  [
    'it waits for its next start',
    pod({ waiting: { reason: 'CrashLoopBackOff' } }, { terminated: { exitCode: 78, message: result } }),
    { state: 'Ended', result: { code: 'SlotUnsafe' } },
  ],
  ['it was killed', pod({ terminated: { exitCode: 137, reason: 'OOMKilled' } }), { state: 'Ended', message: /OOMKilled/ }],
  ['it says nothing that we know', pod({ terminated: { exitCode: 1, message: 'oops' } }), { state: 'Ended', message: /exit code 1/ }],
  ['no image', pod({ waiting: { reason: 'ErrImagePull', message: 'not found' } }), { state: 'Waiting', message: /^ErrImagePull/ }],
  ['it is new', pod({ waiting: { reason: 'ContainerCreating' } }), { state: 'Waiting' }],
] as [string, Pod, { state: string; message?: RegExp }][]) {
  test(`the pod of a receiver: ${title}`, async (t) => {
    const { message, ...rest } = expected;
    const found = await podFacts(reader, given);
    t.like(found, rest);
    t.regex('message' in found ? (found.message ?? '') : '', message ?? /^/);
  });
}

test('each start of the container is listened to anew', (t) => {
  const runs: ReceiverRun[] = [runOf(pod({})), runOf(pod({}, {}, 1))];
  t.is(new Set(runs.map(({ key }) => key)).size, 2);
});
