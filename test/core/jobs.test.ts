// From Jobs and pods, as Kubernetes describes them, to what decisions see.
import test from 'ava';
import type { V1ContainerStatus, V1Job, V1Pod } from '@kubernetes/client-node';
import { podStart } from '../../src/core/jobs/pod-waiting.ts';
import { withRemedy } from '../../src/core/jobs/start-remedy.ts';
import { jobState } from '../../src/core/jobs/state.ts';
import type { Output, StateInput } from '../../src/core/jobs/state.ts';
import { dumpResult, entry, inspectResult } from './backup-cases.ts';
import { start } from './fixtures.ts';

// Over the wire times are text, whatever the types say.
const wire = (text: string): Date => text as unknown as Date;
const ended = wire('2026-11-22T02:01:00Z');

const job = (conditions: { type: string; reason?: string }[] = []): V1Job => ({
  metadata: { name: 'x', creationTimestamp: wire('2026-11-22T02:00:00Z') },
  status: { conditions: conditions.map((each) => ({ status: 'True', lastTransitionTime: ended, ...each })) },
});
const podOf = (state: V1ContainerStatus['state'] | undefined, status: object = {}, metadata: object = {}): V1Pod => ({
  metadata: { name: 'x-1', ...metadata },
  status: {
    ...(state === undefined
      ? {}
      : { containerStatuses: [{ name: 'agent', image: 'registry/agent:1', imageID: '', ready: false, restartCount: 0, state }] }),
    ...status,
  },
});
const terminated = (exitCode: number, reason = 'Completed') => ({ terminated: { exitCode, reason, finishedAt: ended } });
const output = (facts: Partial<Output> = {}): Output => ({ complete: true, entries: [], entriesComplete: false, ...facts });
const unscheduled = {
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' }],
};

const ofServer = { name: 'server', image: 'registry/postgres:17', imageID: '', ready: false, restartCount: 0 };

for (const [title, pod, expected] of [
  ['runs', podOf({ running: {} }), { started: true }],
  ['has ended', podOf(terminated(1)), { started: true }],
  [
    'is being prepared: only events say more',
    podOf({ waiting: { reason: 'ContainerCreating' } }),
    { started: false, askEvents: true, message: undefined },
  ],
  ['has no status yet', podOf(undefined), { started: false, askEvents: true, message: undefined }],
  [
    'cannot have its image',
    podOf({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } }),
    { started: false, askEvents: false, message: 'ImagePullBackOff: the image registry/agent:1 cannot be had. Back-off pulling image' },
  ],
  [
    'cannot have the image of its server',
    podOf(
      { waiting: { reason: 'PodInitializing' } },
      { initContainerStatuses: [{ ...ofServer, state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } }] },
    ),
    { started: false, askEvents: false, message: 'ErrImagePull: the image registry/postgres:17 of the server cannot be had. not found' },
  ],
  [
    'has its server, and waits for volumes',
    podOf({ waiting: { reason: 'PodInitializing' } }, { initContainerStatuses: [{ ...ofServer, state: { running: {} } }] }),
    { started: false, askEvents: true, message: undefined },
  ],
  [
    'lacks a Secret',
    podOf({ waiting: { reason: 'CreateContainerConfigError', message: 'secret "x" not found' } }),
    { started: false, message: 'CreateContainerConfigError: secret "x" not found' },
  ],
  [
    'fits on no node',
    podOf(undefined, unscheduled),
    { started: false, askEvents: false, message: 'Unschedulable: 0/3 nodes are available' },
  ],
] as const) {
  test(`a pod that ${title}`, (t) => {
    t.like(podStart(pod), expected);
  });
}

const state = (input: Partial<StateInput>) => jobState({ job: job(), pods: [], needsEntries: false, ...input });
const over = { type: 'Ended', endTime: start + 60_000 } as const;

for (const [title, input, expected] of [
  ['no pod yet', {}, { type: 'Waiting', message: 'The Job has no pod yet.' }],
  [
    'no pod yet, and an event says why',
    { eventMessage: 'FailedCreate: exceeded quota' },
    { type: 'Waiting', message: 'FailedCreate: exceeded quota. Raise the quota of the namespace, or lower spec.jobs.resources.' },
  ],
  [
    'a pod that waits, and an event says why',
    { pods: [podOf(undefined)], eventMessage: 'FailedMount: no Secret' },
    { type: 'Waiting', message: 'FailedMount: no Secret' },
  ],
  [
    'a pod that says itself why it waits',
    { pods: [podOf(undefined, unscheduled)], eventMessage: 'old news' },
    { type: 'Waiting', message: 'Unschedulable: 0/3 nodes are available' },
  ],
  ['a pod that runs', { pods: [podOf({ running: {} })] }, { type: 'Running' }],
  [
    'a pod that was deleted and still runs',
    { pods: [podOf({ running: {} }, {}, { deletionTimestamp: wire('2026-11-22T02:03:00Z') })] },
    { type: 'Running', leavesBy: start + 180_000 },
  ],
  ['an ended pod whose log is not read yet', { pods: [podOf(terminated(0))] }, { type: 'Reading' }],
  [
    'an ended pod whose result stands in its termination message',
    { pods: [podOf(terminated(0))], terminationResult: dumpResult() },
    { ...over, started: true, result: dumpResult(), cause: 'Interrupted' },
  ],
  [
    'the same, where entries matter that are not read yet',
    { pods: [podOf(terminated(0))], terminationResult: inspectResult(), needsEntries: true },
    { type: 'Reading' },
  ],
  [
    'the same, where the log is read',
    {
      pods: [podOf(terminated(0))],
      terminationResult: inspectResult(),
      needsEntries: true,
      output: output({ entries: [entry()], entriesComplete: true }),
    },
    { ...over, entries: [entry()] },
  ],
  [
    'a log of which entries are missing',
    { pods: [podOf(terminated(0))], terminationResult: inspectResult(), needsEntries: true, output: output({ entries: [entry()] }) },
    { ...over, entries: undefined },
  ],
  [
    'exit 0 and no result in the whole log',
    { pods: [podOf(terminated(0))], output: output() },
    { ...over, started: true, cause: 'Interrupted', result: undefined },
  ],
  [
    'a result in the log only',
    { pods: [podOf(terminated(0))], output: output({ result: dumpResult() }) },
    { ...over, result: dumpResult() },
  ],
  [
    'memory that ran out',
    { pods: [podOf(terminated(137, 'OOMKilled'))], output: output() },
    { ...over, message: /OOMKilled.*limits\.memory/ },
  ],
  [
    'an evicted pod',
    { pods: [podOf(undefined, { phase: 'Failed', reason: 'Evicted', message: 'disk pressure' })], output: output() },
    { type: 'Ended', started: false, message: /Evicted: disk pressure/ },
  ],
  [
    'a deadline of Kubernetes, pod and all gone',
    { job: job([{ type: 'Failed', reason: 'DeadlineExceeded' }]) },
    { ...over, started: false, cause: 'Deadline' },
  ],
  [
    'a Job that failed, and its pod is gone',
    { job: job([{ type: 'Failed', reason: 'BackoffLimitExceeded' }]) },
    { ...over, started: false, cause: 'Interrupted', message: /gone and left no result/ },
  ],
  [
    'a Job that is complete, and its pod is gone: a result nobody saw is none',
    { job: job([{ type: 'Complete' }]) },
    { ...over, result: undefined, cause: 'Interrupted' },
  ],
  [
    'a result that was read before the pod went',
    { job: job([{ type: 'Complete' }]), output: output({ result: dumpResult() }) },
    { ...over, result: dumpResult() },
  ],
  ['two pods that claim to be of the Job', { pods: [podOf({ running: {} }), podOf({ running: {} })] }, { type: 'Running' }],
  [
    'two pods, and each has a result: none is believed',
    {
      job: job([{ type: 'Complete' }]),
      pods: [podOf(terminated(0)), podOf(terminated(0))],
      terminationResult: dumpResult(),
      output: output({ result: dumpResult() }),
    },
    { ...over, result: undefined, message: /none is believed/ },
  ],
] as const) {
  test(`state: ${title}`, (t) => {
    const found = state(input as Partial<StateInput>) as Record<string, unknown>;
    for (const [field, wanted] of Object.entries(expected)) {
      if (wanted instanceof RegExp) {
        t.regex(String(found[field]), wanted);
      } else {
        t.deepEqual(found[field], wanted, field);
      }
    }
  });
}

// As kubelet 1.35, the scheduler and the API server say it.
const startReasons: [string, string][] = [
  [
    'FailedMount: MountVolume.SetUp failed for volume "source" : secret "login" not found',
    'Create the Secret "login", or mend its name in connection.credentialsSecretRef.',
  ],
  [
    'FailedMount: MountVolume.SetUp failed for volume "signing" : references non-existent secret key: signing.key',
    'The Secret has no key "signing.key": add it, or mend spec.encryption.signingKeySecretRef.',
  ],
  [
    'FailedMount: MountVolume.SetUp failed for volume "tier-cloud-login" : secret "s3" not found',
    'Create the Secret "s3", or mend its name in s3.credentialsSecretRef of the tier "cloud".',
  ],
  [
    'Unschedulable: 0/1 nodes are available: persistentvolumeclaim "absent" not found. not found',
    'Create the claim "absent", or mend its name in persistentVolumeClaim.claimName of the tier, or in the target of another Restore.',
  ],
  [
    'FailedMount: MountVolume.SetUp failed for volume "identity" : secret "absent" not found',
    'Create the Secret "absent", or mend its name in source.identitySecretRef of another Restore.',
  ],
  [
    'FailedCreate: Error creating: pods "x-" is forbidden: error looking up service account shop/backup: serviceaccount "backup" not found',
    'Create the ServiceAccount "backup", or mend serviceAccountName in spec.jobs or in the tier.',
  ],
  [
    'FailedCreate: Error creating: pods "x" is forbidden: exceeded quota: small, requested: cpu=1',
    'Raise the quota of the namespace, or lower spec.jobs.resources.',
  ],
  ['Unschedulable: 0/3 nodes are available: 3 Insufficient memory.', 'Lower spec.jobs.resources.requests.memory, or make room on a node.'],
  [
    "Unschedulable: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    'Mend spec.jobs.nodeSelector, or label a node.',
  ],
  [
    'Unschedulable: 0/1 nodes are available: 1 node(s) had untolerated taint(s).',
    'Add the taint to spec.jobs.tolerations, or make room on another node.',
  ],
  [
    'ErrImagePull: the image registry/postgres:17 of the server cannot be had. not found',
    'Mend postgresql.image of the component in the policy (where it has none: agent.images in the values of the chart), or give the registry its login in spec.jobs.imagePullSecrets; then write the Restore again.',
  ],
  [
    'ImagePullBackOff: the image registry/agent:1 cannot be had. Back-off pulling image',
    'Mend agent.images in the values of the chart, or give the registry its login in spec.jobs.imagePullSecrets.',
  ],
];

test('what holds a pod up is said with the next step', (t) => {
  for (const [reason, remedy] of startReasons) {
    t.is(withRemedy(reason), `${reason.replace(/\.$/, '')}. ${remedy}`);
  }
  t.is(withRemedy('Something: that nobody knows.'), 'Something: that nobody knows.');
});
