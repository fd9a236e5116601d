// An operator that is installed in the cluster must leave the namespaces of tests alone that bring their own: a rule of admission sees to that.
import { kubectl, mustKubectl } from './kubectl.ts';

const labelled = 'holdfast.dev/test-own-operator';
const installed = 'system:serviceaccount:holdfast-system:holdfast';

const rules = (name: string): object[] => [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['*/*'] }],
      },
      matchConditions: [{ name: 'installed', expression: `request.userInfo.username == '${installed}'` }],
      validations: [{ expression: 'false', message: 'this namespace belongs to a test with an operator of its own' }],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: {
      policyName: name,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { [labelled]: 'true' } } },
    },
  },
];

// What an operator held when it was killed holds on to its namespace: nobody else lets it go.
const letGo = async (namespace: string): Promise<void> => {
  for (const kind of ['backups.holdfast.dev', 'restores.holdfast.dev', 'backuppolicies.holdfast.dev']) {
    const { code, stdout } = await kubectl(['get', kind, '--namespace', namespace, '-o', 'json']);
    const found = code === 0 ? (JSON.parse(stdout) as { items: { metadata: { name: string; finalizers?: string[] } }[] }).items : [];
    for (const { metadata } of found.filter(({ metadata: { finalizers = [] } }) => finalizers.length > 0)) {
      const nothing = ['--type=merge', '--patch', '{"metadata":{"finalizers":null}}'];
      await kubectl(['patch', kind, metadata.name, '--namespace', namespace, ...nothing]);
    }
  }
};

export const dropNamespaces = async (...names: string[]): Promise<void> => {
  await kubectl(['delete', 'namespace', ...names, '--ignore-not-found', '--wait=false']);
  for (const each of names) {
    await letGo(each);
  }
};

const ownNamespace = async (namespace: string): Promise<void> => {
  await dropNamespaces(namespace);
  await mustKubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait', '--timeout=90s']);
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { [labelled]: 'true' } } };
  await mustKubectl(['create', '-f', '-'], JSON.stringify(object));
  const probe = {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'Backup',
    metadata: { name: 'probe', namespace },
    spec: { policyRef: { name: 'absent' } },
  };
  for (let tries = 0; tries < 60; tries += 1) {
    // Without an installed operator its account has no rights, which is as good.
    const asked = await kubectl(['create', '-f', '-', '--dry-run=server', `--as=${installed}`], JSON.stringify(probe));
    if (asked.code !== 0) {
      return;
    }
    await new Promise((resolve) => void setTimeout(resolve, 500));
  }
  throw new Error('The rule that keeps the installed operator out did not come into force.');
};

// Makes namespaces anew, which the installed operator may not touch. Waits until that is in force. The rule is named for the first one: others, side by side
// with this, make and take away theirs.
export const ownNamespaces = async (first: string, ...others: string[]): Promise<void> => {
  await mustKubectl(
    ['apply', '-f', '-'],
    rules(first)
      .map((each) => JSON.stringify(each))
      .join('\n---\n'),
  );
  await Promise.all([first, ...others].map((each) => ownNamespace(each)));
};

// Takes the rule away again. `first`: as above.
export const letIn = (first: string): Promise<unknown> =>
  kubectl(['delete', 'validatingadmissionpolicy,validatingadmissionpolicybinding', first, '--ignore-not-found', '--wait=false']);
