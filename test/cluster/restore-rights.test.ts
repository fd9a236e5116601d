// Nobody gets Holdfast to read a Secret, replace data or stop a workload for him that he may not read, replace or stop himself: the rules of admission
// of the chart, on a real API server.
import test from 'ava';
import { render } from '../chart/helm.ts';
import type { Rendered } from '../chart/helm.ts';
import { type Loose, rightRestore, rightUndo } from '../api/right-inputs.ts';
import { kubectl, mustKubectl, patchStatus, readYaml } from './kubectl.ts';
import type { Outcome } from './kubectl.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';

const namespace = 'holdfast-test-rights';
const policyName = 'holdfast-test-restores';

// The rules of the chart for this namespace alone, whatever is installed.
const rules = async (): Promise<Rendered[]> => {
  const found = (await render()).filter(
    ({ kind, metadata }) => kind.startsWith('ValidatingAdmissionPolicy') && metadata.name === 'holdfast-restores',
  );
  for (const rule of found) {
    rule.metadata.name = policyName;
    if (rule.kind === 'ValidatingAdmissionPolicyBinding') {
      rule.spec.policyName = policyName;
      rule.spec.matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
    }
  }
  return found;
};

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] };

const may = (verb: string, resource: string, ...resourceNames: string[]): Rule => ({
  apiGroups: [{ restores: 'holdfast.dev', 'deployments/scale': 'apps', 'statefulsets/scale': 'apps' }[resource] ?? ''],
  resources: [resource],
  verbs: [verb],
  ...(resourceNames.length === 0 ? {} : { resourceNames }),
});

const secrets = ['holdfast-identity', 'postgres-ca', 'postgres-superuser'];
const claim = 'data-stock-0';
const scaleAll = [may('patch', 'deployments/scale'), may('patch', 'statefulsets/scale')];

// What a Restore of every kind of target needs.
const everything = [
  may('get', 'secrets', ...secrets),
  may('create', 'persistentvolumeclaims'),
  may('delete', 'persistentvolumeclaims', claim),
  may('patch', 'deployments/scale', 'web'),
];
const without = (left: Rule, ...instead: Rule[]): Rule[] => [...everything.filter((rule) => rule !== left), ...instead];
const [reading, making, deleting, scaling] = everything as [Rule, Rule, Rule, Rule];

const withSpec = (change: (spec: Loose) => void): Loose => {
  const object = rightRestore('asked', namespace);
  change(object.spec);
  return object;
};
const right = rightRestore('asked', namespace);
const ten = (what: string, count: number) => Array.from({ length: count }, (_, index) => `${what}-${index}`);
const servers = (count: number): Loose[] =>
  ten('login', count).map((name, index) => ({
    name: `server-${index}`,
    target: { server: { connection: { host: 'postgres', sslMode: 'require', credentialsSecretRef: { name } } } },
  }));
const claims = (count: number): Loose[] =>
  ten('data', count).map((claimName, index) => ({ name: `claim-${index}`, target: { inPlace: { claimName } } }));
const workloads = (count: number): Loose => ({ workloads: ten('web', count).map((name) => ({ kind: 'Deployment', name })) });

type Case = {
  // Name of the user, too.
  name: string;
  rights: Rule[];
  restore: Loose;
  // Absent: it is let through.
  refused?: RegExp;
};

const cases: Case[] = [
  { name: 'nothing', rights: [], restore: right, refused: /"nothing" may not read the Secret "holdfast-identity" of the namespace/ },
  { name: 'everything', rights: everything, restore: right },
  { name: 'as-himself', rights: everything, restore: withSpec((spec) => (spec.requestedBy = 'as-himself')) },
  {
    name: 'as-another',
    rights: everything,
    restore: withSpec((spec) => (spec.requestedBy = 'somebody')),
    refused: /spec\.requestedBy says "somebody", but "as-another" asks: leave the field out/,
  },
  {
    name: 'operator',
    rights: [...everything, may('impersonate-requester', 'restores')],
    restore: withSpec((spec) => (spec.requestedBy = 'somebody')),
  },
  {
    name: 'unsure',
    rights: everything,
    restore: withSpec((spec) => (spec.confirmation = 'shop/shop')),
    refused: /spec\.confirmation says "shop\/shop".*write confirmation: holdfast-test-rights\/absent/,
  },
  ...secrets.map((missing) => ({
    name: `no-${missing}`,
    rights: without(reading, may('get', 'secrets', ...secrets.filter((name) => name !== missing))),
    restore: right,
    refused: new RegExp(`"no-${missing}" may not read the Secret "${missing}" of the namespace ${namespace}.*Grant get on it`),
  })),
  { name: 'all-secrets', rights: without(reading, may('get', 'secrets')), restore: right },
  {
    name: 'lists-secrets',
    rights: without(reading, may('list', 'secrets')),
    restore: right,
    refused: /"lists-secrets" may not read the Secret/,
  },
  {
    name: 'makes-no-claim',
    rights: without(making),
    restore: right,
    refused: /"makes-no-claim" may not create PersistentVolumeClaims in the namespace.*or let somebody create the Restore/,
  },
  {
    name: 'makes-no-claim-for-all',
    rights: [reading],
    restore: withSpec((spec) => delete spec.components && delete spec.quiesce),
    refused: /may not create PersistentVolumeClaims/,
  },
  {
    name: 'makes-no-claim-in-place',
    rights: without(making),
    restore: withSpec((spec) => spec.components.shift()),
  },
  {
    name: 'other-claim',
    rights: without(deleting, may('delete', 'persistentvolumeclaims', 'data-other-0')),
    restore: right,
    refused:
      /"other-claim" may not replace what the PersistentVolumeClaim "data-stock-0".*Grant delete on it, or update on it and patch on/,
  },
  {
    name: 'updates-only',
    rights: without(deleting, may('update', 'persistentvolumeclaims', claim)),
    restore: right,
    refused: /Grant delete/,
  },
  { name: 'scales-only', rights: without(deleting, ...scaleAll), restore: right, refused: /Grant delete/ },
  {
    name: 'updates-and-scales-one',
    rights: without(deleting, may('update', 'persistentvolumeclaims', claim), may('patch', 'statefulsets/scale', 'postgres')),
    restore: right,
    refused: /nor stop what uses it. Grant delete/,
  },
  { name: 'updates-and-scales', rights: without(deleting, may('update', 'persistentvolumeclaims', claim), ...scaleAll), restore: right },
  ...(['Skip', 'BestEffort'] as const).map((safetyBackup) => ({
    name: `updates-and-scales-${safetyBackup.toLowerCase()}`,
    rights: without(deleting, may('update', 'persistentvolumeclaims', claim), ...scaleAll),
    restore: withSpec((spec) => (spec.safetyBackup = safetyBackup)),
    refused: new RegExp(`Grant delete on it \\(with safetyBackup ${safetyBackup} its data may be lost`),
  })),
  { name: 'deletes-skip', rights: everything, restore: withSpec((spec) => (spec.safetyBackup = 'Skip')) },
  {
    name: 'scales-other',
    rights: without(scaling, may('patch', 'deployments/scale', 'other'), may('patch', 'statefulsets/scale', 'web')),
    restore: right,
    refused: /"scales-other" may not scale "web" of the namespace .* Grant patch on deployments\/scale of that name/,
  },
  { name: 'scales-all', rights: without(scaling, ...scaleAll), restore: right },
  {
    name: 'undoes-one',
    rights: everything,
    restore: rightUndo('asked', namespace),
    refused: /"undoes-one" may not delete PersistentVolumeClaims of the namespace .* An undo takes away what was written since/,
  },
  { name: 'undoes', rights: [may('delete', 'persistentvolumeclaims')], restore: rightUndo('asked', namespace) },
  {
    name: 'many-secrets',
    rights: [may('get', 'secrets', 'holdfast-identity', ...ten('login', 8))],
    restore: withSpec((spec) => Object.assign(spec, { components: servers(8), quiesce: undefined })),
    refused: /names 9 Secrets; the right to read single ones is looked up for 8 at most/,
  },
  {
    name: 'many-secrets-all',
    rights: [may('get', 'secrets')],
    restore: withSpec((spec) => Object.assign(spec, { components: servers(8), quiesce: undefined })),
  },
  {
    name: 'many-claims',
    rights: [may('get', 'secrets'), may('delete', 'persistentvolumeclaims', ...ten('data', 4))],
    restore: withSpec((spec) => Object.assign(spec, { components: claims(4), quiesce: undefined })),
    refused: /replaces what 4 claims hold; rights on single ones are looked up for 3 at most/,
  },
  {
    name: 'many-workloads',
    rights: without(scaling, may('patch', 'deployments/scale', ...ten('web', 6))),
    restore: withSpec((spec) => (spec.quiesce = workloads(6))),
    refused: /stops 6 workloads; rights on single ones are looked up for 5 at most/,
  },
  {
    // Every right asked for by name, as many as may be: this must fit into what an expression, and all of them, may cost.
    name: 'costly',
    rights: [
      may('get', 'secrets', 'holdfast-identity', ...ten('login', 7)),
      may('create', 'persistentvolumeclaims'),
      may('update', 'persistentvolumeclaims', ...ten('data', 3)),
      may('patch', 'deployments/scale'),
      may('patch', 'statefulsets/scale', 'none'),
      may('delete', 'persistentvolumeclaims', ...ten('data', 3)),
      may('impersonate-requester', 'restores'),
    ],
    restore: withSpec((spec) =>
      Object.assign(spec, {
        components: [...servers(7), ...claims(3), { name: 'new' }],
        quiesce: workloads(5),
        requestedBy: 'somebody',
        approval: { planHash: '0123456789abcdef', approvedBy: 'somebody' },
      }),
    ),
  },
  {
    name: 'approves-for-another',
    rights: everything,
    restore: withSpec((spec) => (spec.approval = { planHash: '0123456789abcdef', approvedBy: 'somebody' })),
    refused: /spec\.approval\.approvedBy says "somebody", but "approves-for-another" approves: write the own name/,
  },
];

const grant = (user: string, rights: Rule[]): object[] => {
  const metadata = { name: user, namespace };
  const apiGroup = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata, rules: [may('create', 'restores'), ...rights] },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: user },
      subjects: [{ apiGroup, kind: 'User', name: user }],
    },
  ];
};

const applyAll = (objects: object[]): Promise<string> =>
  mustKubectl(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'));

const askAs = (user: string, restore: Loose): Promise<Outcome> =>
  kubectl(['create', '--namespace', namespace, '--dry-run=server', `--as=${user}`, '-f', '-'], JSON.stringify(restore));

test.before(async () => {
  await mustKubectl(['apply', '-f', 'crds/']);
  await mustKubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/']);
  await ownNamespaces(namespace);
  await applyAll([
    ...(await rules()),
    ...cases.flatMap(({ name, rights }) => grant(name, rights)),
    ...grant('approver', [may('patch', 'restores'), may('get', 'restores')]),
  ]);
  for (let tries = 0; (await askAs('nothing', right)).code === 0; tries += 1) {
    if (tries === 60) {
      throw new Error('The rules of admission did not come into force.');
    }
    await new Promise((resolve) => void setTimeout(resolve, 500));
  }
});

test.after.always(async () => {
  await kubectl(['delete', 'validatingadmissionpolicy,validatingadmissionpolicybinding', policyName, '--ignore-not-found', '--wait=false']);
  await dropNamespaces(namespace);
  await letIn();
});

for (const { name, restore, refused } of cases) {
  test(`a Restore is ${refused === undefined ? 'let through' : 'refused'}: ${name}`, async (t) => {
    const { code, stderr } = await askAs(name, restore);
    if (refused === undefined) {
      t.is(code, 0, stderr);
    } else {
      t.not(code, 0, 'it was let through');
      t.regex(stderr, refused);
    }
  });
}

// What is written for the namespace shop, for this one.
const here = (text: string): string =>
  text.replaceAll('namespace: shop', `namespace: ${namespace}`).replaceAll('confirmation: shop/', `confirmation: ${namespace}/`);

test('the template of a role is enough for the samples that it speaks of, and for no other', async (t) => {
  await mustKubectl(['apply', '-f', '-'], here(readYaml('manifests/roles/restorer.yaml')));
  const ask = async (sample: string): Promise<string> => {
    const create = ['create', '--namespace', namespace, '--dry-run=server', `--as=system:serviceaccount:${namespace}:deployer`, '-f', '-'];
    const { code, stderr } = await kubectl(create, here(readYaml(`manifests/samples/${sample}`)));
    return code === 0 ? 'let through' : stderr;
  };
  t.is(await ask('restore.yaml'), 'let through');
  t.is(await ask('restore-in-place.yaml'), 'let through');
  t.regex(await ask('restore-dump.yaml'), /may not read the Secret "postgres-superuser"/);
  t.regex(await ask('restore-undo.yaml'), /may not delete PersistentVolumeClaims/);
});

test('the API server finds no fault in the expressions', async (t) => {
  const get = ['get', 'validatingadmissionpolicy', policyName, '-o', 'json'];
  let { status } = JSON.parse(await mustKubectl(get));
  for (let tries = 0; status?.typeChecking === undefined && tries < 40; tries += 1) {
    await new Promise((resolve) => void setTimeout(resolve, 250));
    ({ status } = JSON.parse(await mustKubectl(get)));
  }
  t.deepEqual(status.typeChecking, {});
});

test('an approval carries the own name, and only while one is waited for; finalizers and labels pass', async (t) => {
  await mustKubectl(['create', '--namespace', namespace, '-f', '-'], JSON.stringify(rightRestore('waiting', namespace)));
  const patch = (change: object, ...flags: string[]): Promise<Outcome> =>
    kubectl([
      'patch',
      'restore',
      'waiting',
      '--namespace',
      namespace,
      '--type=merge',
      '-p',
      JSON.stringify(change),
      '--as=approver',
      ...flags,
    ]);
  const approve = (approvedBy: string, ...flags: string[]) =>
    patch({ spec: { approval: { planHash: '0123456789abcdef', approvedBy } } }, ...flags);

  t.regex((await approve('somebody')).stderr, /approvedBy says "somebody", but "approver" approves.*approve restore\/waiting/);
  t.is((await approve('approver', '--dry-run=server')).code, 0, 'before anything is known of it');
  await patchStatus('restore', 'waiting', namespace, { phase: 'AwaitingApproval', stage: 'Approving' });
  t.is((await approve('approver')).code, 0);
  t.is((await patch({ spec: { approval: null } }, '--dry-run=server')).code, 0, 'it can be taken back');

  await patchStatus('restore', 'waiting', namespace, { phase: 'Running', stage: 'Restoring' });
  const late = /waits for no approval any more: it is Running\. To do something else create another Restore/;
  t.regex((await patch({ spec: { approval: null } })).stderr, late);
  t.regex((await patch({ spec: { approval: { planHash: 'fedcba9876543210' } } })).stderr, late);
  await patchStatus('restore', 'waiting', namespace, { phase: 'Failed', stage: 'Planning', endTime: '2026-11-22T14:03:07Z' });
  t.regex((await patch({ spec: { approval: null } })).stderr, /it is Failed/);
  t.is((await patch({ metadata: { labels: { a: 'b' }, finalizers: ['holdfast.dev/jobs'] } })).code, 0);
});
