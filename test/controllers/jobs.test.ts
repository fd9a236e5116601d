// The Jobs that the operator makes: what their pods may do, see and be called.
import test from 'ava';
import * as fc from 'fast-check';
import type { V1Job, V1Volume } from '@kubernetes/client-node';
import { label, managedByValue } from '../../src/api/group.ts';
import type { JobVerb } from '../../src/core/jobs/request.ts';
import { jobName } from '../../src/core/plan/names.ts';
import { build, containerOf, everything, planOf, podOf, run, verbs } from './job-cases.ts';

for (const verb of verbs) {
  test(`${verb}: Pod Security restricted, field by field`, (t) => {
    const pod = podOf(build(verb));
    const container = containerOf(build(verb));
    t.deepEqual(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    });
    t.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    for (const forbidden of [
      'hostNetwork',
      'hostPID',
      'hostIPC',
      'hostUsers',
      'initContainers',
      'ephemeralContainers',
      'shareProcessNamespace',
    ]) {
      t.false(forbidden in pod, forbidden);
    }
    t.false('ports' in container);
    // The kinds of volumes that `restricted` allows, and of those the ones we use.
    const kinds = (pod.volumes ?? []).flatMap(({ name: _name, ...kind }) => Object.keys(kind));
    t.deepEqual(
      kinds.filter((kind) => !['emptyDir', 'persistentVolumeClaim', 'projected', 'secret'].includes(kind)),
      [],
    );
  });

  test(`${verb}: no token of the API, and no word of the cluster`, (t) => {
    const pod = podOf(build(verb));
    t.is(pod.automountServiceAccountToken, false);
    t.is(pod.enableServiceLinks, false);
    const sources = (pod.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
    t.true(sources.every((source) => Object.keys(source).join('') === 'secret'));
  });

  test(`${verb}: no Secret in the environment, the arguments or the plan`, (t) => {
    const job = build(verb);
    const container = containerOf(job);
    t.deepEqual(
      container.env?.map(({ name }) => name),
      ['HOLDFAST_PLAN', ...(verb === 'receive' ? ['MALLOC_ARENA_MAX', 'MALLOC_MMAP_THRESHOLD_'] : [])],
    );
    t.true(container.env?.every((each) => !('valueFrom' in each)));
    t.deepEqual([container.envFrom, container.args, container.command], [undefined, undefined, undefined]);
    t.false(JSON.stringify(planOf(job)).includes('secret-of-'), 'not even the name of one');
  });

  test(`${verb}: one attempt, stopped by Kubernetes at the latest after start, run and a minute`, (t) => {
    const deadlines = { start: '1m', dump: '10m', seal: '20m', copy: '30m', inspect: '40m', log: '50m', recover: '60m' };
    const { spec } = build(verb, {}, everything({ jobs: { deadlines } }));
    const minutes = { dump: 10, seal: 20, copy: 30, check: 40, logs: 40, inspect: 40, adopt: 40, receive: 50, audit: 40 }[verb];
    t.is(spec?.activeDeadlineSeconds, (1 + minutes + 1) * 60);
    t.deepEqual([spec?.backoffLimit, spec?.podReplacementPolicy, spec?.template.spec?.restartPolicy], [0, 'Failed', 'Never']);
    t.is(spec?.template.spec?.terminationGracePeriodSeconds, 45);
  });

  test(`${verb}: what is written outside the tier lies in memory`, (t) => {
    const job = build(verb);
    const writable = (containerOf(job).volumeMounts ?? []).filter(({ readOnly }) => readOnly !== true).map(({ name }) => name);
    const memory = (podOf(job).volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined);
    t.deepEqual(memory, [{ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } }]);
    t.deepEqual(
      writable.filter((name) => !name.startsWith('tier-')),
      ['tmp'],
    );
    const mounted = new Set((containerOf(job).volumeMounts ?? []).map(({ name }) => name));
    t.deepEqual(
      (podOf(job).volumes ?? []).map(({ name }) => name).filter((name) => !mounted.has(name)),
      [],
    );
  });
}

// Which keys of which Secrets a pod sees.
const secretsOf = (job: V1Job): Record<string, string[]> => {
  const seen: Record<string, string[]> = {};
  const see = (name: string, items: { key: string }[] | undefined): void => {
    seen[name] = [...(seen[name] ?? []), ...(items === undefined ? ['*'] : items.map(({ key }) => key))];
  };
  for (const { secret, projected } of podOf(job).volumes as V1Volume[]) {
    if (secret !== undefined) {
      see(secret.secretName ?? '', secret.items);
    }
    projected?.sources?.forEach((source) => see(source.secret?.name ?? '', source.secret?.items));
  }
  return seen;
};

const signing = { 'secret-of-signing': ['ed25519.pem'] };
const cloud = { 'secret-of-cloud': ['accessKeyId', 'secretAccessKey', 'sessionToken'], 'secret-of-cloud-ca': ['ca.crt'] };
const source = {
  'secret-of-source': ['user', 'pass'],
  'secret-of-source-ca': ['root.pem'],
  'secret-of-logical': ['username', 'password'],
};
const state = { 'secret-of-state': ['recipient'] };

for (const [title, verb, facts, expected] of [
  ['a dump to a volume: signing key, state recipient, the source', 'dump', {}, { ...signing, ...state, ...source }],
  [
    'a dump that builds on another backup: the state identity, too',
    'dump',
    { parent: 'an-earlier-backup' },
    { ...signing, 'secret-of-state': ['recipient', 'identity'], ...source },
  ],
  ['a dump to S3: its login too', 'dump', { tier: 'cloud' }, { ...signing, ...state, ...source, ...cloud }],
  [
    'a dump of another component: not the login of the first',
    'dump',
    { component: 'plain' },
    { ...signing, ...state, 'secret-of-plain': ['username', 'password'] },
  ],
  ['a seal: the signing key, and nothing of the source', 'seal', {}, signing],
  ['a seal on S3', 'seal', { tier: 'cloud' }, { ...signing, ...cloud }],
  ['a copy: the login of its tier, and no signing key', 'copy', {}, cloud],
  ['a copy between volumes', 'copy', { tier: 'made' }, {}],
  ['a reading of a volume: it signs what it verified', 'inspect', {}, signing],
  ['a reading of S3', 'inspect', { tier: 'cloud' }, { ...signing, ...cloud }],
  ['a record of a restore: the signing key', 'audit', {}, signing],
  ['a record of a restore on S3', 'audit', { tier: 'cloud' }, { ...signing, ...cloud }],
  ['taking over: the login of every tier, and the signing key', 'adopt', {}, { ...signing, ...cloud }],
  [
    'receiving WAL: every tier, the signing key, the source; not the login of pg_dump',
    'receive',
    {},
    { ...signing, ...cloud, 'secret-of-source': ['user', 'pass'], 'secret-of-source-ca': ['root.pem'] },
  ],
  [
    'a barrier: it only looks, so it signs nothing',
    'receive',
    { receive: { mode: 'Barrier' } },
    { ...cloud, 'secret-of-source': ['user', 'pass'], 'secret-of-source-ca': ['root.pem'] },
  ],
  ['asking the store for one backup', 'check', { tier: 'cloud' }, cloud],
  ['printing a log', 'logs', { tier: 'cloud' }, cloud],
] as const) {
  test(`secrets of ${title}`, (t) => {
    const job = build(verb, facts);
    t.deepEqual(secretsOf(job), expected as Record<string, readonly string[]> as Record<string, string[]>);
    for (const { secret, projected } of podOf(job).volumes ?? []) {
      t.true([undefined, 0o440].includes(secret?.defaultMode) && [undefined, 0o440].includes(projected?.defaultMode));
    }
    const readers = containerOf(job).volumeMounts?.filter(({ mountPath }) => mountPath.startsWith('/holdfast/secrets'));
    t.true(readers?.every(({ readOnly }) => readOnly === true));
  });
}

test('paths in the plan are those where things are mounted', (t) => {
  for (const verb of verbs) {
    for (const tier of ['local', 'cloud']) {
      const job = build(verb, { tier });
      const mounts = (containerOf(job).volumeMounts ?? []).map(({ mountPath }) => mountPath);
      const paths = [...JSON.stringify(planOf(job)).matchAll(/"(\/holdfast\/[^"]+)"/g)].map(([, path]) => path ?? '');
      t.true(paths.length > 0);
      t.deepEqual(
        paths.filter((path) => !mounts.some((mount) => path === mount || path.startsWith(`${mount}/`))),
        [],
      );
    }
  }
});

for (const [verb, tier, expected] of [
  ['dump', 'local', { volume: 'writes' }],
  ['seal', 'local', { volume: 'writes' }],
  ['copy', 'cloud', { volume: 'reads' }],
  ['copy', 'made', { volume: 'reads', 'shop-made': 'writes' }],
  ['check', 'local', { volume: 'reads' }],
  ['logs', 'local', { volume: 'reads' }],
  ['inspect', 'local', { volume: 'writes' }],
  ['inspect', 'made', { 'shop-made': 'writes' }],
  ['audit', 'local', { volume: 'writes' }],
  ['adopt', 'local', { volume: 'writes', 'shop-made': 'writes' }],
  ['receive', 'local', { volume: 'writes', 'shop-made': 'writes' }],
  ['dump', 'cloud', {}],
] as const) {
  test(`volumes: ${verb} on ${tier} ${JSON.stringify(expected)}`, (t) => {
    const job = build(verb, { tier });
    const claims = (podOf(job).volumes ?? []).flatMap(({ name, persistentVolumeClaim }) =>
      persistentVolumeClaim === undefined ? [] : [[name, persistentVolumeClaim.claimName] as const],
    );
    const used = claims.map(([name, claim]) => {
      const mount = containerOf(job).volumeMounts?.find((each) => each.name === name);
      return [claim, mount?.readOnly === true ? 'reads' : 'writes'];
    });
    t.deepEqual(Object.fromEntries(used), expected);
  });
}

const account = (verb: JobVerb, tier: string, spec: object = {}) => podOf(build(verb, { tier }, everything(spec))).serviceAccountName;

test('the identity of a Job is the tier that it writes, and else that of the policy', (t) => {
  t.is(account('dump', 'local'), 'writer-local');
  t.is(account('copy', 'cloud'), 'writer-cloud');
  t.is(account('inspect', 'cloud'), 'writer-cloud');
  t.is(account('copy', 'made', { jobs: { serviceAccountName: 'agents' } }), 'agents');
  t.is(account('copy', 'made'), 'default');
});

for (const [title, resources, expected] of [
  ['by default', undefined, { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } }],
  ['only requests: no default limit that might lie below them', { requests: { memory: '2Gi' } }, { requests: { memory: '2Gi' } }],
  ['only limits', { limits: { cpu: 2 } }, { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2' } }],
  ['both', { requests: { cpu: 1 }, limits: { cpu: 2 } }, { requests: { cpu: '1' }, limits: { cpu: '2' } }],
] as const) {
  test(`resources: ${title}`, (t) => {
    t.deepEqual(containerOf(build('dump', {}, everything({ jobs: { resources } }))).resources, expected as object);
  });
}

test('where pods run, and how their image is fetched, is the policy', (t) => {
  const jobs = {
    nodeSelector: { disk: 'fast' },
    tolerations: [{ key: 'backup', operator: 'Exists' }],
    imagePullSecrets: [{ name: 'registry' }],
  };
  const { tolerations, ...placed } = podOf(build('dump', {}, everything({ jobs })));
  t.like(placed, { nodeSelector: jobs.nodeSelector, imagePullSecrets: jobs.imagePullSecrets });
  t.deepEqual(tolerations?.[0], jobs.tolerations[0]);
  t.deepEqual(
    ['nodeSelector', 'imagePullSecrets'].filter((field) => field in podOf(build('dump'))),
    [],
  );
});

const lostAfter = (spec: object): (number | undefined)[] =>
  (podOf(build('dump', {}, everything(spec))).tolerations ?? []).map(({ tolerationSeconds }) => tolerationSeconds);

test('a lost node is given up after a minute, unless the policy says otherwise', (t) => {
  t.deepEqual(lostAfter({}), [60, 60]);
  const own = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 900 };
  t.deepEqual(lostAfter({ jobs: { tolerations: [own] } }), [900, 60]);
  t.deepEqual(lostAfter({ jobs: { tolerations: [{ operator: 'Exists' }] } }), [undefined]);
});

const imageOf = (job: V1Job): string | undefined => containerOf(job).image;

test('a dump and a receiver have the image of their server, everything else the newest', (t) => {
  t.is(imageOf(build('dump', { component: 'plain' })), 'registry/agent-17:1');
  t.deepEqual(
    verbs.filter((verb) => imageOf(build(verb)) === 'registry/agent-15:1'),
    ['dump', 'receive'],
  );
});

test('a Job goes away with its owner, and says whose it is', (t) => {
  const [owner] = build('dump').metadata?.ownerReferences ?? [];
  t.deepEqual(owner, {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'Backup',
    name: 'shop-full-202611220200',
    uid: 'backup-uid',
    controller: true,
    blockOwnerDeletion: true,
  });
  const copy = build('copy', {}, everything(), everything());
  t.like(copy.metadata?.ownerReferences?.[0], { kind: 'BackupPolicy', name: 'shop', uid: 'policy-uid' });
  t.is(copy.metadata?.annotations?.['holdfast.dev/run-owner'], 'BackupPolicy/shop/policy-uid');
});

const word = (most: number) =>
  fc
    .stringMatching(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { maxLength: most, size: 'max' })
    .filter((text) => text.length <= most && text.length > 0);
const labelForm = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

test('whatever the names, Kubernetes takes the name and the labels of a Job', (t) => {
  const names = fc.record({
    policy: word(32),
    component: word(20),
    tier: word(20),
    backup: fc.oneof(word(63), word(253)),
    attempt: fc.integer({ min: 1, max: 9999 }),
    verb: fc.constantFrom(...verbs),
  });
  fc.assert(
    fc.property(names, ({ policy: name, component, tier, backup, attempt, verb }) => {
      const policy = everything({
        components: [
          {
            name: component,
            postgresql: {
              version: 17,
              connection: { host: 'h', sslMode: 'disable', credentialsSecretRef: { name: 's' } },
              walArchive: {},
            },
          },
        ],
        tiers: [{ name: tier, persistentVolumeClaim: { size: '1Gi' } }],
      });
      policy.metadata.name = name;
      const what = verb === 'dump' ? `dump-${component}` : verb === 'copy' || verb === 'inspect' ? `${verb}-${tier}` : verb;
      const facts = { name: jobName(name, '3f9a1c04', what, attempt), attempt, tier, component, backup: { ...run, name: backup } };
      const { metadata, spec } = build(verb, facts, policy);
      // The name of a Job is a label of its pods, so it has 63 characters at most.
      t.regex(metadata?.name ?? '', /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      for (const [key, value] of Object.entries(metadata?.labels ?? {})) {
        t.true(value.length <= 63 && labelForm.test(value), `${key}: ${value}`);
      }
      t.deepEqual(spec?.template.metadata?.labels, metadata?.labels);
      t.is(metadata?.labels?.[label.managedBy], managedByValue);
    }),
    { numRuns: 200 },
  );
});
