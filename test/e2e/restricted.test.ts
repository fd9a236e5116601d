// All of it runs where Pod Security is restricted, and nobody gets Holdfast to read for them what they may not read themselves.
import test from 'ava';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import type { Outcome } from '../cluster/kubectl.ts';
import { image } from './support/demo.ts';
import { copySecrets, dropNamespace, freshNamespace } from './support/namespaces.ts';
import { listBackups, startBackup, whenReplicated } from './support/objects.ts';
import { podsOf } from './support/places.ts';
import { policyObject, shopDatabase, volumeTier } from './support/policies.ts';

const minute = 60_000;
const namespace = 'holdfast-test-rights';

test.before(async () => {
  await freshNamespace(namespace);
  await copySecrets(namespace);
});

test.after.always(() => dropNamespace(namespace));

test.serial('the namespace enforces Pod Security restricted, and a Backup completed in it', async (t) => {
  t.timeout(6 * minute);
  const level = await mustKubectl(['get', 'namespace', 'shop', '-o', 'jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}']);
  t.is(level, 'restricted');
  const careless = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'careless', namespace: 'shop' },
    spec: { containers: [{ name: 'a', image: image('agent-17') }] },
  };
  const refused = await kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(careless));
  t.regex(refused.stderr, /violates PodSecurity "restricted/);
  if (!(await listBackups('shop')).some(({ status }) => status?.phase === 'Complete')) {
    await whenReplicated('shop', await startBackup('shop', 'shop'));
  }
  t.true((await listBackups('shop')).some(({ status }) => status?.phase === 'Complete'));
});

test.serial('agents have no token of the Kubernetes API, and no right', async (t) => {
  const pods = await podsOf(['-n', 'shop', '--selector', 'app.kubernetes.io/managed-by=holdfast']);
  const verbs = new Set(pods.map(({ metadata }) => metadata?.labels?.['holdfast.dev/verb']));
  for (const verb of ['dump', 'seal', 'copy', 'inspect']) {
    t.true(verbs.has(verb), `no pod of ${verb} is left to be looked at`);
  }
  for (const { spec } of pods) {
    t.false(spec?.automountServiceAccountToken);
    t.false(
      spec?.volumes?.some(({ projected }) => projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined)),
    );
    const [container] = spec?.containers ?? [];
    t.false(container?.volumeMounts?.some(({ mountPath }) => mountPath.startsWith('/var/run/secrets')));
    t.deepEqual(container?.securityContext?.capabilities?.drop, ['ALL']);
  }
});

test.serial('the operator may not read Secrets', async (t) => {
  for (const verb of ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']) {
    const { stdout } = await kubectl([
      'auth',
      'can-i',
      verb,
      'secrets',
      '--as=system:serviceaccount:holdfast-system:holdfast',
      '-n',
      'shop',
    ]);
    t.is(stdout.trim(), 'no', verb);
  }
});

const named = ['postgres-ca', 'holdfast-physical', 'holdfast-dump', 'holdfast-signing', 'holdfast-state', 'treasure'];

// Who may make policies, and read what `rules` say.
const makeUser = async (name: string, rules: unknown[]): Promise<void> => {
  const metadata = { name, namespace };
  const policies = { apiGroups: ['holdfast.dev'], resources: ['backuppolicies'], verbs: ['create'] };
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules: [policies, ...rules] };
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' }],
  };
  await mustKubectl(['apply', '-f', '-'], `${JSON.stringify(role)}\n---\n${JSON.stringify(binding)}`);
};

// A policy that would ship the Secret "treasure" as somebody's password.
const createAs = (user: string): Promise<Outcome> => {
  const database = shopDatabase();
  const connection = { ...(database['connection'] as object), credentialsSecretRef: { name: 'treasure' } };
  const policy = policyObject({
    namespace,
    name: `of-${user}`,
    components: [{ name: 'db', postgresql: { ...database, connection } }],
    tiers: [volumeTier('64Mi')],
  });
  return kubectl(['create', '-f', '-', `--as=${user}`, '--dry-run=server'], JSON.stringify(policy));
};

test.serial('who may only create policies cannot ship a Secret that they may not read', async (t) => {
  t.timeout(2 * minute);
  await makeUser('author', []);
  const { code, stderr } = await createAs('author');
  t.not(code, 0);
  t.regex(stderr, /"author" may not read the Secret "[a-z-]+" of the namespace holdfast-test-rights/);
  t.true(stderr.includes('treasure'), stderr);
});

test.serial('one Secret that is missing among those that may be read is named', async (t) => {
  t.timeout(2 * minute);
  await makeUser('nearly', [
    { apiGroups: [''], resources: ['secrets'], resourceNames: named.filter((name) => name !== 'treasure'), verbs: ['get'] },
  ]);
  const { code, stderr } = await createAs('nearly');
  t.not(code, 0);
  t.regex(stderr, /"nearly" may not read the Secret "treasure" of the namespace holdfast-test-rights/);
});

test.serial('who may read all Secrets of the namespace, or just those named, may name them', async (t) => {
  t.timeout(2 * minute);
  await makeUser('reader', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]);
  await makeUser('exact', [{ apiGroups: [''], resources: ['secrets'], resourceNames: named, verbs: ['get'] }]);
  for (const user of ['reader', 'exact']) {
    const { code, stderr } = await createAs(user);
    t.is(code, 0, stderr);
  }
});
