// Nobody gets Holdfast to read a Secret, replace data or stop a workload for him that he may not read, replace or stop himself: the rules of admission
// of the chart, on a real API server.
import test from 'ava';
import { render } from '../chart/helm.ts';
import type { Rendered } from '../chart/helm.ts';
import { type Loose, rightRestore } from '../api/right-inputs.ts';
import { installCrds } from './crds.ts';
import { kubectl, mustKubectl, patchStatus, readYaml } from './kubectl.ts';
import type { Outcome } from './kubectl.ts';
import { cases, may, namespace, right } from './restore-askers.ts';
import type { Rule } from './restore-askers.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';

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
  await installCrds();
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
  await letIn(namespace);
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

// As somebody who may patch Restores, and nothing else.
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

test('an approval carries the own name, and only while one is waited for; finalizers and labels pass', async (t) => {
  await mustKubectl(['create', '--namespace', namespace, '-f', '-'], JSON.stringify(rightRestore('waiting', namespace)));
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
