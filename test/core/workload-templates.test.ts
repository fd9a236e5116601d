// From objects of the API to facts: which claim a workload uses, where its data directory lies, whose its files are, and who has a say in it.
import test from 'ava';
import type { V1Container, V1Deployment, V1PodSpec, V1StatefulSet, V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import { directoryOf } from '../../src/core/restore/workloads/directory.ts';
import { claimFacts, claimsOf, podFacts, workloadFacts } from '../../src/core/restore/workloads/read.ts';
import { templateOf } from '../../src/core/restore/workloads/template.ts';
import { claim, facts, pod, podSpec, postgres, use, web } from './workloads.ts';

const used = (spec: V1PodSpec) => templateOf({ kind: 'Deployment', name: 'db', replicas: 1, pod: spec }, claim);
const usual = '/var/lib/postgresql/data';
const mounted = (mountPath: string, more: object = {}) => ({ volumeMounts: [{ name: 'data', mountPath, ...more }] });
const pgdata = (value: string) => ({ env: [{ name: 'PGDATA', value }] });

// Undefined: the path; else why it is unclear.
const directories: [string, Partial<V1Container>, string | RegExp][] = [
  ['PGDATA below the mount', {}, 'pgdata'],
  ['deeper, with odd slashes', { ...mounted('/data/'), ...pgdata('/data//a/b/') }, 'a/b'],
  ['with a subPath', { ...mounted('/data', { subPath: 'db/17/' }), ...pgdata('/data/pgdata') }, 'db/17/pgdata'],
  ['PGDATA is the mount, with a subPath', { ...mounted('/data', { subPath: 'pgdata' }), ...pgdata('/data') }, 'pgdata'],
  ['the place of the usual images', { ...mounted(usual, { subPath: 'pgdata' }), env: [] }, 'pgdata'],
  ['the root of the volume', { ...mounted('/data'), ...pgdata('/data') }, /is the root of the volume/],
  ['the root of the volume, where the usual images have it', { ...mounted(usual), env: [] }, /is the root of the volume/],
  ['no PGDATA, another mount', { env: [] }, /no variable PGDATA/],
  [
    'no PGDATA, the usual mount, variables from elsewhere',
    { ...mounted(usual, { subPath: 'x' }), env: [], envFrom: [{}] },
    /no variable PGDATA/,
  ],
  ['PGDATA from a ConfigMap', { env: [{ name: 'PGDATA', valueFrom: {} }] }, /is not written out/],
  ['PGDATA made of another variable', pgdata('$(BASE)/pgdata'), /is not written out/],
  ['PGDATA with dots', pgdata('/data/../pgdata'), /is not written out/],
  [
    'the last PGDATA counts',
    {
      env: [
        { name: 'PGDATA', value: '/x' },
        { name: 'PGDATA', value: '/data/y' },
      ],
    },
    'y',
  ],
  ['PGDATA in another volume', pgdata('/other/pgdata'), /elsewhere/],
  ['PGDATA beside a mount of a similar name', pgdata('/data2/pgdata'), /elsewhere/],
  [
    'another volume lies deeper',
    {
      volumeMounts: [
        { name: 'data', mountPath: '/data' },
        { name: 'other', mountPath: '/data/pgdata' },
      ],
    },
    /elsewhere/,
  ],
  [
    'it lies deeper itself',
    {
      volumeMounts: [
        { name: 'data', mountPath: '/data/db' },
        { name: 'other', mountPath: '/data' },
      ],
      ...pgdata('/data/db/pgdata'),
    },
    'pgdata',
  ],
  ['subPathExpr', mounted('/data', { subPathExpr: '$(POD)' }), /subPathExpr/],
  ['-D in the arguments', { args: ['postgres', '-D', '/data/other'] }, /arguments/],
  ['data_directory in the arguments', { command: ['sh', '-c', 'postgres -c data_directory=/data/x'] }, /arguments/],
  ['settings that only look like it', { args: ['-c', 'shared_buffers=128MB', '--Delta'] }, 'pgdata'],
  ['not mounted by it', { volumeMounts: [] }, /no container mounts it/],
];

for (const [title, container, expected] of directories) {
  test(`data directory: ${title}`, (t) => {
    const found = used(podSpec(container));
    if (typeof expected === 'string') {
      t.deepEqual([found?.path, found?.unclear], [expected, []]);
    } else {
      t.is(found?.path, undefined);
      t.regex(found?.unclear[0] ?? '', expected);
    }
  });
}

test('data directory: of the container that has it, whatever else mounts the volume', (t) => {
  const server = podSpec().containers;
  const exporter = { name: 'exporter', ...mounted('/pg') };
  const init = { name: 'chown', ...mounted('/x'), ...pgdata('/x/y'), securityContext: { runAsUser: 0 } };
  const containers = [exporter, ...server];
  t.like(used(podSpec({}, { containers, initContainers: [init] })), { path: 'pgdata', runAs: { user: 999, group: 998 } });
  t.like(used(podSpec({}, { containers, initContainers: [{ ...init, restartPolicy: 'Always' }] })), { path: undefined });
  const other = used(podSpec({}, { containers: [...server, { ...exporter, ...pgdata('/pg/other') }] }));
  t.regex(other?.unclear[0] ?? '', /at pgdata and other/);
  t.is(used(podSpec({}, { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'other' } }] })), undefined);
});

const users: [string, Partial<V1Container>, Partial<V1PodSpec>, object | RegExp][] = [
  ['of the pod', {}, {}, { user: 999, group: 998 }],
  ['of the container', { securityContext: { runAsUser: 70, runAsGroup: 71 } }, {}, { user: 70, group: 71 }],
  ['part of it', { securityContext: { runAsUser: 70 } }, {}, { user: 70, group: 998 }],
  ['fsGroup', {}, { securityContext: { runAsUser: 999, fsGroup: 5 } }, { user: 999, group: 5 }],
  ['a group of its own before fsGroup', {}, { securityContext: { runAsUser: 999, runAsGroup: 6, fsGroup: 5 } }, { user: 999, group: 6 }],
  ['nobody says', {}, { securityContext: {} }, /no runAsUser/],
  ['root, which goes on as somebody else', {}, { securityContext: { runAsUser: 0, fsGroup: 5 } }, /\(root\)/],
  ['no group', {}, { securityContext: { runAsUser: 999 } }, /no runAsGroup or fsGroup/],
];

for (const [title, container, changes, expected] of users) {
  test(`whose files: ${title}`, (t) => {
    const found = used(podSpec(container, changes));
    if (expected instanceof RegExp) {
      t.is(found?.runAs, undefined);
      t.regex(found?.unclear[0] ?? '', expected);
    } else {
      t.deepEqual(found?.runAs as object, expected);
    }
    t.is(found?.path, 'pgdata');
  });
}

test('claims that the templates of a StatefulSet stand for', (t) => {
  const spec = podSpec({}, { volumes: [] });
  const isUsed = (name: string, replicas: number, firstOrdinal = 0): boolean =>
    templateOf(
      { kind: 'StatefulSet', name: 'postgres', pod: spec, claimTemplates: [{ metadata: { name: 'data' } }], replicas, firstOrdinal },
      name,
    )?.path === 'pgdata';
  t.deepEqual(
    [
      'data-postgres-0',
      'data-postgres-1',
      'data-postgres-2',
      'data-postgres-01',
      'data-postgres-',
      'data-postgres-x',
      'data-postgres-a-0',
      'other-postgres-0',
    ].filter((name) => isUsed(name, 2)),
    ['data-postgres-0', 'data-postgres-1'],
  );
  t.deepEqual([isUsed('data-postgres-0', 1, 1), isUsed('data-postgres-1', 1, 1)], [false, true]);
  // Nobody knows how many it had.
  t.true(isUsed('data-postgres-7', 0));
});

const meta = { name: 'postgres', uid: 'u' };
const statefulSet = (changes: object = {}, metadata: object = {}): V1StatefulSet =>
  ({ metadata: { ...meta, ...metadata }, spec: { template: { spec: podSpec() }, ...changes } }) as V1StatefulSet;
const read = (object: V1StatefulSet, autoscalers: V2HorizontalPodAutoscaler[] = []) =>
  workloadFacts({ kind: 'StatefulSet', object }, [claim], autoscalers);
const autoscaler = (name: string, target: object, owner?: object): V2HorizontalPodAutoscaler =>
  ({
    metadata: { name, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'postgres', ...target } },
  }) as V2HorizontalPodAutoscaler;

test('of a workload: how many, and who has a say in that', (t) => {
  t.deepEqual(read(statefulSet()), {
    kind: 'StatefulSet',
    name: 'postgres',
    uid: 'u',
    // What the API server would fill in.
    replicas: 1,
    deleting: false,
    autoscalers: [],
    deletesClaims: false,
    gitOps: [],
    uses: [{ claim, path: 'pgdata', runAs: { user: 999, group: 998 }, unclear: [] }],
  });
  t.is(read(statefulSet({ replicas: 0 })).replicas, 0);
  t.true(read(statefulSet({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' } })).deletesClaims);
  t.false(read(statefulSet({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Delete' } })).deletesClaims);
  const owners = [
    { kind: 'ConfigMap', name: 'a' },
    { kind: 'PostgresCluster', name: 'main', controller: true },
  ];
  t.deepEqual(read(statefulSet({}, { ownerReferences: owners })).controlledBy, { kind: 'PostgresCluster', name: 'main' });
  t.is(read(statefulSet({}, { ownerReferences: owners.slice(0, 1) })).controlledBy, undefined);
  const scaled = { controller: true, kind: 'ScaledObject', name: 'queue' };
  t.deepEqual(
    read(statefulSet(), [
      autoscaler('mine', {}),
      autoscaler('other', { name: 'other' }),
      autoscaler('kind', { kind: 'Deployment' }),
      autoscaler('group', { apiVersion: 'apps.kruise.io/v1' }),
      autoscaler('keda', {}, scaled),
    ]).autoscalers,
    [{ name: 'mine' }, { name: 'keda', controlledBy: { kind: 'ScaledObject', name: 'queue' } }],
  );
  const object = { metadata: { name: 'web', uid: 'w' }, spec: { template: { spec: podSpec() } } } as V1Deployment;
  t.like(workloadFacts({ kind: 'Deployment', object }, ['other']), { kind: 'Deployment', replicas: 1, uses: [] });
});

const entry = (manager: string, time: string, fields: object) => ({ manager, time, fieldsV1: { 'f:spec': fields } });
const marked = (metadata: object) => read(statefulSet({}, metadata)).gitOps;

test('who has set the replicas last', (t) => {
  const managedFields = [
    entry('helm', '2026-11-22T02:00:00Z', { 'f:replicas': {} }),
    entry('argocd', '2026-11-22T03:00:00Z', { 'f:replicas': {} }),
    entry('kubectl', '2026-11-22T04:00:00Z', { 'f:template': {} }),
    { manager: 'kube-controller-manager', time: '2026-11-22T05:00:00Z', fieldsV1: { 'f:status': {} } },
  ];
  t.is(read(statefulSet({}, { managedFields })).scaledBy, 'argocd');
  t.is(read(statefulSet({}, { managedFields: managedFields.slice(2) })).scaledBy, undefined);
});

test('marks of Argo CD and Flux, and how to pause them', (t) => {
  t.deepEqual(marked({ annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/StatefulSet:shop/postgres' } }), [
    { tool: 'Argo CD (application shop)', pause: 'argocd app set shop --sync-policy none' },
  ]);
  t.like(marked({ labels: { 'argocd.argoproj.io/instance': 'shop' } })[0], { tool: 'Argo CD (application shop)' });
  t.deepEqual(marked({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' } }), [
    { tool: 'Flux (kustomization apps)', pause: 'flux suspend kustomization apps --namespace flux-system' },
  ]);
  t.like(marked({ labels: { 'helm.toolkit.fluxcd.io/name': 'db' } })[0], { pause: 'flux suspend helmrelease db' });
  // Helm writes these by itself.
  t.deepEqual(marked({ labels: { 'app.kubernetes.io/instance': 'shop', 'app.kubernetes.io/managed-by': 'Helm' } }), []);
});

test('of claims and pods', (t) => {
  t.deepEqual(claimFacts({ metadata: { name: 'a' }, status: { phase: 'Lost' } }), { name: 'a', deleting: false, lost: true });
  t.deepEqual(
    claimsOf({
      metadata: { name: 'p' },
      spec: {
        containers: [],
        volumes: [
          { name: 'a', persistentVolumeClaim: { claimName: 'x' } },
          { name: 'b', ephemeral: {} },
          { name: 'c', emptyDir: {} },
        ],
      },
    }),
    ['x', 'p-b'],
  );
});

const isPassing = (kind: string, metadata: object) => podFacts({ metadata }, [claim], { controlledBy: { kind, name: 'x' } }).passing;

test('a pod of a Job is passing where Holdfast has made it', (t) => {
  const labels = { 'app.kubernetes.io/managed-by': 'holdfast' };
  t.deepEqual([isPassing('Job', { labels }), isPassing('Job', {}), isPassing('ReplicaSet', { labels })], [true, undefined, undefined]);
});

test('the directory that is restored: what the spec says comes before what the workload says', (t) => {
  const target = { claimName: claim };
  t.deepEqual(directoryOf(target, facts()), { kind: 'directory', claimName: claim, path: 'pgdata', runAs: { user: 999, group: 999 } });
  const said = { ...target, path: 'a/b', runAs: { user: 5, group: 6 } };
  t.deepEqual(directoryOf(said, facts({ workloads: [] })), { kind: 'directory', ...said });
  t.like(directoryOf({ ...target, path: 'x' }, facts()), { path: 'x', runAs: use.runAs });
  // One that only looks on says nothing.
  const exporter = web({ uses: [{ claim, unclear: ['container exporter has no variable PGDATA'] }] });
  t.like(directoryOf(target, facts({ workloads: [exporter, postgres()] })), { path: 'pgdata' });
});

const { path: _path, ...pathless } = use;
const unknown: [string, Parameters<typeof facts>[0], RegExp][] = [
  [
    'nobody uses the claim',
    { workloads: [web()], pods: [] },
    /^No Deployment and no StatefulSet uses claim data-postgres-0,.* Write target\.inPlace\.path and target\.inPlace\.runAs in another Restore\.$/,
  ],
  [
    'it is unclear',
    { workloads: [postgres({ uses: [{ ...pathless, unclear: ['container a has no variable PGDATA'] }] })], pods: [] },
    /nobody can tell path: StatefulSet postgres: container a has no variable PGDATA\. Write target\.inPlace\.path in another Restore\.$/,
  ],
  [
    'a pod can be asked',
    { workloads: [], pods: [pod('p', { claims: [claim] })] },
    /as kubectl exec p --namespace shop -- sh -c .* tells\.$/,
  ],
  [
    'two disagree',
    { workloads: [postgres(), web({ uses: [{ ...use, path: 'other' }] })] },
    /do not agree: StatefulSet postgres says pgdata, 999:999; Deployment web says other, 999:999\. Write target\.inPlace\.path in/,
  ],
];

for (const [title, changes, message] of unknown) {
  test(`the directory that is restored: ${title}`, (t) => {
    const result = directoryOf({ claimName: claim }, facts(changes));
    t.like(result, { kind: 'refusal', code: 'WorkloadMissing' });
    t.regex(result.kind === 'refusal' ? result.message : '', message);
  });
}
