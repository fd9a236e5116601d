// What a Restore stops and starts again, and when it refuses to.
import test from 'ava';
import type { QuiescedWorkload } from '../../src/api/restore-status.ts';
import { drifted } from '../../src/core/restore/workloads/drift.ts';
import type { QuiesceFacts } from '../../src/core/restore/workloads/facts.ts';
import { announce, quiescePlan } from '../../src/core/restore/workloads/plan.ts';
import type { QuiesceWish } from '../../src/core/restore/workloads/plan.ts';
import type { WorkloadRefusalCode } from '../../src/core/restore/workloads/refusal.ts';
import { resuming } from '../../src/core/restore/workloads/resume.ts';
import { stopping } from '../../src/core/restore/workloads/stop.ts';
import { claim, facts, pod, podOf, postgres, recorded, web, workload } from './workloads.ts';

const named = [{ kind: 'Deployment' as const, name: 'web' }];
const plan = (changes: Partial<QuiesceFacts> = {}, wish: Partial<QuiesceWish> = {}) =>
  quiescePlan(facts(changes), { named, claims: [claim], ...wish });

test('what is stopped: applications first, then whatever uses the claim; with the replicas that it gets back', (t) => {
  const stopped = [recorded(web()), recorded(postgres())];
  t.deepEqual(plan(), { kind: 'plan', workloads: stopped, notes: [] });
  t.deepEqual(plan({ workloads: [postgres(), web()] }), { kind: 'plan', workloads: stopped, notes: [] });
  // Named, and a user of the claim: it is stopped with those.
  const all = [...named, { kind: 'StatefulSet' as const, name: 'postgres' }];
  t.deepEqual(plan({}, { named: all }), { kind: 'plan', workloads: stopped, notes: [] });
  t.like(plan({}, { named: [] }), { workloads: [recorded(postgres())] });
  // For dumps into a server there is no claim.
  t.like(plan({ claims: [], workloads: [web()], pods: [podOf(web())] }, { claims: [] }), { workloads: [recorded(web())] });
  // One that is stopped already has no pods, and gets nothing back.
  const down = postgres({ replicas: 0 });
  t.like(plan({ workloads: [web(), down], pods: [podOf(web())] }), { workloads: [recorded(web()), { ...recorded(down), replicas: 0 }] });
  // A pod of an earlier template has the claim mounted.
  const earlier = postgres({ uses: [] });
  t.like(plan({ workloads: [web(), earlier], pods: [podOf(earlier, [claim])] }), { workloads: stopped });
});

test('what is worth knowing before something is stopped', (t) => {
  const gitOps = [{ tool: 'Argo CD (application shop)', pause: 'argocd app set shop --sync-policy none' }];
  const result = plan({ workloads: [web({ gitOps }), postgres({ replicas: 2 })] });
  t.deepEqual(result.kind === 'plan' ? result.notes : result, [
    'Deployment web is applied by Argo CD (application shop). If that heals what differs, it would scale it back meanwhile; pause it: argocd app set shop --sync-policy none',
    'StatefulSet postgres has 2 replicas: all of them are stopped, and only data-postgres-0 is restored.',
  ]);
});

test('what a plan says of them, as far as a status can hold it', (t) => {
  t.deepEqual(announce({ kind: 'plan', workloads: [recorded(web()), recorded(postgres())], notes: [] }), {
    stops: ['Deployment web (3 replicas)', 'StatefulSet postgres (1 replica)'],
  });
  const notes = Array.from({ length: 20 }, () => 'x'.repeat(600));
  const told = announce({ kind: 'plan', workloads: [], notes });
  t.deepEqual([told.stops, told.notes?.length, Math.max(...(told.notes ?? []).map(({ length }) => length))], [undefined, 8, 500]);
});

const cluster = { kind: 'PostgresCluster', name: 'main' };
const refusals: [string, Partial<QuiesceFacts>, WorkloadRefusalCode, RegExp][] = [
  [
    'the claim is not there',
    { claims: [] },
    'ClaimMissing',
    /^Claim data-postgres-0 is not there in namespace shop\..*kubectl get persistentvolumeclaims .*target\.volume\)\.$/,
  ],
  ['the claim is being deleted', { claims: [{ name: claim, deleting: true, lost: false }] }, 'ClaimMissing', /is being deleted/],
  ['the claim has lost its volume', { claims: [{ name: claim, deleting: false, lost: true }] }, 'ClaimMissing', /has lost its volume/],
  [
    'a named workload is not there',
    { workloads: [postgres()] },
    'WorkloadMissing',
    /^Deployment web of spec\.quiesce\.workloads is not there.*kubectl get deployments,statefulsets --namespace shop$/,
  ],
  [
    'a named workload is of another kind',
    { workloads: [workload('StatefulSet', 'web'), postgres()] },
    'WorkloadMissing',
    /^Deployment web/,
  ],
  ['a named workload is being deleted', { workloads: [web({ deleting: true }), postgres()] }, 'WorkloadMissing', /is being deleted/],
  [
    'a controller would start it again',
    { workloads: [web(), postgres({ controlledBy: cluster })] },
    'ManagedByController',
    /^StatefulSet postgres is made by PostgresCluster main.*start from that\.$/,
  ],
  [
    'the same where it is stopped now',
    { workloads: [web(), postgres({ controlledBy: cluster, replicas: 0 })] },
    'ManagedByController',
    /PostgresCluster main/,
  ],
  [
    'an autoscaler would',
    { workloads: [web({ autoscalers: [{ name: 'web-cpu' }] }), postgres()] },
    'ManagedByController',
    /^Deployment web is scaled by HorizontalPodAutoscaler web-cpu\..*&& kubectl delete hpa web-cpu --namespace shop$/,
  ],
  [
    'KEDA would',
    {
      workloads: [web({ autoscalers: [{ name: 'keda-hpa-web', controlledBy: { kind: 'ScaledObject', name: 'web-queue' } }] }), postgres()],
    },
    'ManagedByController',
    /kubectl annotate scaledobject web-queue --namespace shop autoscaling\.keda\.sh\/paused=true$/,
  ],
  [
    'its claims would be deleted',
    { workloads: [web(), postgres({ deletesClaims: true })] },
    'ManagedByController',
    /whenScaled: Delete\)\. .*kubectl patch statefulset postgres --namespace shop .*"whenScaled":"Retain"/,
  ],
  [
    'several troubles',
    { workloads: [web({ autoscalers: [{ name: 'a' }] }), postgres({ controlledBy: cluster })] },
    'ManagedByController',
    /HorizontalPodAutoscaler a.*PostgresCluster main/,
  ],
  [
    'a pod of nobody',
    { pods: [pod('debug', { claims: [claim] })] },
    'ConnectionsActive',
    /^Pod debug has data-postgres-0 mounted\. Delete it: kubectl delete pod debug --namespace shop$/,
  ],
  [
    'a pod of a Job',
    { pods: [pod('dump-x', { claims: [claim], controlledBy: { kind: 'Job', name: 'dump' } })] },
    'ConnectionsActive',
    /^Pod dump-x of Job dump has .*kubectl delete job dump --namespace shop$/,
  ],
  [
    'a pod of a ReplicaSet',
    { pods: [pod('r-x', { claims: [claim], controlledBy: { kind: 'ReplicaSet', name: 'r' } })] },
    'ConnectionsActive',
    /kubectl scale replicaset r --namespace shop --replicas=0$/,
  ],
  [
    'a pod of something else',
    { pods: [pod('main-1', { claims: [claim], controlledBy: cluster })] },
    'ConnectionsActive',
    /^Pod main-1 of PostgresCluster main .*Stop PostgresCluster main by its own means, or restore into a new claim \(target\.volume\)\.$/,
  ],
  [
    'more workloads than a status can hold',
    { workloads: [web(), ...Array.from({ length: 32 }, (_, index) => postgres({ name: `p${index}`, uid: `u${index}` }))], pods: [] },
    'ConnectionsActive',
    /^33 workloads would have to be stopped/,
  ],
  [
    'many pods',
    { pods: Array.from({ length: 40 }, (_, index) => pod(`p${index}`, { claims: [claim] })) },
    'ConnectionsActive',
    /^Pod p0 .* Pod p5 .*--namespace shop \(and \d\d more\)$/,
  ],
];

for (const [title, changes, code, message] of refusals) {
  test(`nothing is stopped: ${title}`, (t) => {
    const result = plan(changes);
    t.is(result.kind === 'refusal' ? result.code : result.kind, code);
    t.regex(result.kind === 'refusal' ? result.message : '', message);
    // What a status can hold.
    t.true(result.kind === 'refusal' && result.message.length < 1000);
  });
}

test('what is no reason to refuse: claims of a StatefulSet that is at 0 already, and pods that are about to go', (t) => {
  t.is(plan({ workloads: [web(), postgres({ deletesClaims: true, replicas: 0 })], pods: [] }).kind, 'plan');
  t.is(plan({ pods: [pod('debug', { claims: [claim], deleting: true })] }).kind, 'plan');
  t.is(plan({ pods: [pod('discard-x', { claims: [claim], passing: true })] }).kind, 'plan');
  // It is not restored in place, and so nobody has to leave it.
  t.is(plan({ claims: [], pods: [podOf(web())], workloads: [web()] }, { claims: [] }).kind, 'plan');
});

const both = [recorded(web()), recorded(postgres())];
const down = { replicas: 0 };
const step = ({ kind, name, uid }: QuiescedWorkload, to: number) => ({ kind, name, uid, to });

const stop = (changes: Partial<QuiesceFacts>) => stopping(both, facts(changes));
const stopLast = (...pods: QuiesceFacts['pods']) => stop({ workloads: [web(down), postgres(down)], pods });
const resume = (...workloads: QuiesceFacts['workloads']) => resuming(both, facts({ workloads }));

test('stopping, step by step: the database is stopped when the applications are gone', (t) => {
  t.like(stop({}), { scale: [step(recorded(web()), 0)], done: false });
  // Scaled, and a pod still ends.
  t.deepEqual(stop({ workloads: [web(down), postgres()] }), {
    kind: 'stopping',
    scale: [],
    done: false,
    waitsFor: 'pod web-0, pod postgres-0 (has data-postgres-0 mounted) to end',
  });
  t.like(stop({ workloads: [web(down), postgres()], pods: [podOf(postgres(), [claim])] }), {
    scale: [step(recorded(postgres()), 0)],
    done: false,
  });
  t.like(stop({ workloads: [web(down), postgres(down)], pods: [podOf(postgres(), [claim], { deleting: true })] }), {
    scale: [],
    done: false,
  });
  t.deepEqual(stop({ workloads: [web(down), postgres(down)], pods: [] }), { kind: 'stopping', scale: [], done: true });
  // Seen before its pods were made.
  t.like(stop({ workloads: [web(down), postgres()], pods: [] }), { done: false, waitsFor: 'StatefulSet postgres to be scaled to 0' });
  // One that is gone needs no stopping; its pods still do.
  t.like(stop({ workloads: [web(down)], pods: [] }), { scale: [], done: true });
  t.like(stop({ workloads: [web(down)], pods: [podOf(postgres(), [claim], { deleting: true })] }), { scale: [], done: false });
});

test('stopping: whoever comes and mounts the claim is a refusal; one that goes is waited for', (t) => {
  t.like(stopLast(pod('debug', { claims: [claim] })), { kind: 'refusal', code: 'ConnectionsActive' });
  t.like(stopLast(pod('debug', { claims: [claim], deleting: true })), { kind: 'stopping', done: false });
  t.like(stopLast(pod('restore-x', { claims: [claim], passing: true })), { kind: 'stopping', scale: [], done: false });
  const other = postgres({ uid: 'another one' });
  t.like(stopLast(podOf(other, [claim])), { kind: 'refusal', code: 'ConnectionsActive' });
  t.like(stopping([], facts({ workloads: [], pods: [] })), { done: true });
});

test('resuming: in the opposite order, only what is at 0, and never another one of that name', (t) => {
  t.deepEqual(resume(web(down), postgres(down)), {
    scale: [step(recorded(postgres()), 1), step(recorded(web()), 3)],
    done: false,
    notes: [],
  });
  t.deepEqual(resume(web(down), postgres()), { scale: [step(recorded(web()), 3)], done: false, notes: [] });
  t.deepEqual(resume(web(), postgres()), { scale: [], done: true, notes: [] });
  t.deepEqual(resume(web({ replicas: 5 }), postgres()), {
    scale: [],
    done: true,
    notes: ['Deployment web has 5 replicas by now instead of 3: it was left so.'],
  });
  t.deepEqual(resume(web(), postgres({ ...down, uid: 'another one' })), {
    scale: [],
    done: true,
    notes: ['StatefulSet postgres is gone, or another one has its name: it got nothing back.'],
  });
  // It was at 0 before.
  t.deepEqual(resuming([{ ...recorded(postgres()), replicas: 0 }], facts({ workloads: [postgres(down)] })), {
    scale: [],
    done: true,
    notes: [],
  });
});

test('started again while it should be stopped: said with who did it, where the server tells', (t) => {
  const scene = (changes: Partial<QuiesceFacts>) => drifted(both, facts({ workloads: [web(down), postgres(down)], pods: [], ...changes }));
  t.is(scene({}), undefined);
  const cases: [Partial<QuiesceFacts>, WorkloadRefusalCode, RegExp][] = [
    [
      { workloads: [web({ scaledBy: 'argocd-controller' }), postgres(down)] },
      'ManagedByController',
      /^Deployment web was scaled to 3 by argocd-controller while it had to be stopped\. Pause what has done that, /,
    ],
    [{ workloads: [web(down), postgres()] }, 'ManagedByController', /^StatefulSet postgres was scaled to 1 while/],
    [
      { workloads: [web(down), postgres({ gitOps: [{ tool: 'Flux (helmrelease db)', pause: 'flux suspend helmrelease db' }] })] },
      'ManagedByController',
      /perhaps Flux \(helmrelease db\): flux suspend helmrelease db\)/,
    ],
    // Made anew under its name.
    [{ workloads: [web({ uid: 'another one' }), postgres(down)] }, 'ManagedByController', /Deployment web/],
    [{ workloads: [web(down), postgres({ uid: 'another one' })] }, 'ManagedByController', /StatefulSet postgres/],
    [
      { workloads: [web(down), postgres(down), workload('Deployment', 'admin', { uses: postgres().uses })] },
      'ManagedByController',
      /Deployment admin/,
    ],
    [{ pods: [pod('debug', { claims: [claim] })] }, 'ConnectionsActive', /Pod debug has data-postgres-0 mounted/],
    // Its data was there a moment ago.
    [{ pods: [pod('debug', { claims: [claim], deleting: true })] }, 'ConnectionsActive', /Pod debug/],
  ];
  for (const [changes, code, message] of cases) {
    const result = scene(changes);
    t.is(result?.code, code);
    t.regex(result?.message ?? '', message);
  }
  // The pods of applications that end slowly have no claim.
  t.is(scene({ pods: [podOf(web(), [], { deleting: true })] }), undefined);
  // It is at work on that data.
  t.is(scene({ pods: [pod('restore-x', { claims: [claim], passing: true })] }), undefined);
});
