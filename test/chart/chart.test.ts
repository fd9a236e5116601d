// The chart, rendered only: what it refuses, what its pods and roles may do, and that nothing generated is stale.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { staleReport } from '../../hack/generate/files.ts';
import { installYaml } from '../../hack/generate/install.ts';
import { outputs } from '../../hack/generate/outputs.ts';
import { label } from '../../src/api/group.ts';
import { parseSettings } from '../../src/notify/settings.ts';
import { rightPolicy } from '../api/right-inputs.ts';
import { json, wrongValues } from './wrong-values.ts';
import { chart, environment, helm, only, type Rendered, render, root, testValues } from './helm.ts';

process.env['PATH'] = environment.PATH;

test('helm lint finds nothing', async (t) => {
  t.regex(await helm('lint', chart, '--strict', '--values', testValues), /0 chart\(s\) failed/);
});

test('everything generated is up to date', async (t) => {
  t.is(await staleReport(outputs(), 'node hack/generate.ts'), undefined);
  t.is(await staleReport([{ path: 'manifests/install.yaml', text: await installYaml() }], 'node hack/render.ts'), undefined);
});

for (const { name, flags, says } of wrongValues) {
  test(`values refused: ${name}`, async (t) => {
    const error = await t.throwsAsync(render(...flags));
    t.regex(error?.message ?? '', says);
  });
}

test('values refused: no agent image', async (t) => {
  const error = await t.throwsAsync(helm('template', 'holdfast', chart, '--set', 'image.repository=registry.example.org/operator'));
  t.regex(error?.message ?? '', /agent\.images is empty: name the agent's image/);
});

const image = async (...flags: string[]) =>
  only(await render(...flags), 'Deployment', 'holdfast').spec.template.spec.containers[0].image as string;

test('image: tag, digest, and the version of the chart', async (t) => {
  const repository = 'registry.example.org/holdfast/operator';
  t.is(await image(), `${repository}:${parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')).appVersion}`);
  t.is(await image('--set', 'image.tag=abc'), `${repository}:abc`);
  const digest = `sha256:${'0'.repeat(64)}`;
  t.is(await image('--set', 'image.tag=abc', '--set', `image.digest=${digest}`), `${repository}@${digest}`);
  t.is(await image('--set', 'image.repository=localhost:5000/operator', '--set-string', 'image.tag=1'), 'localhost:5000/operator:1');
});

test('the agent images reach the operator', async (t) => {
  const deployment = only(await render('--set-string', 'agent.images.18=registry.example.org/a@sha256:1'), 'Deployment', 'holdfast');
  const variable = deployment.spec.template.spec.containers[0].env.find(({ name }: Rendered) => name === 'AGENT_IMAGES');
  t.deepEqual(JSON.parse(variable.value), {
    '17': 'registry.example.org/holdfast/agent-17:0.1.0',
    '18': 'registry.example.org/a@sha256:1',
  });
});

const told = {
  smtp: {
    host: 'mail.example.org',
    port: 465,
    tls: 'Implicit',
    from: 'Holdfast <holdfast@example.org>',
    user: 'holdfast',
    passwordSecretRef: { name: 'mail', key: 'password' },
    caSecretRef: { name: 'ca', key: 'ca.crt' },
  },
  routes: {
    default: { email: { to: ['ops@example.org'] }, heartbeat: { urlSecretRef: { name: 'watcher', key: 'url' }, fail: true } },
    night: { heartbeat: { urlSecretRef: { name: 'watcher', key: 'night' } } },
    nobody: {},
  },
};

test('notifications: the operator gets a file that it can use, and Secrets as files beside it', async (t) => {
  const objects = await render(...json('notify', told));
  const settings = parseSettings(parse(only(objects, 'ConfigMap', 'holdfast-notify').data['notify.yaml']));
  const { passwordSecretRef: _password, caSecretRef: _ca, ...smtp } = told.smtp;
  const folder = '/etc/holdfast/notify';
  t.deepEqual(settings, {
    smtp: { ...smtp, tls: 'Implicit', passwordFile: `${folder}/smtp-password`, caFile: `${folder}/smtp-ca.crt` },
    routes: {
      default: { email: { to: ['ops@example.org'] }, heartbeat: { urlFile: `${folder}/heartbeat-default`, method: 'POST', fail: true } },
      night: { heartbeat: { urlFile: `${folder}/heartbeat-night`, method: 'POST', fail: false } },
      nobody: {},
    },
  });
  const pod = only(objects, 'Deployment', 'holdfast').spec.template.spec;
  const [container] = pod.containers;
  t.deepEqual(container.volumeMounts, [{ name: 'notify', mountPath: folder, readOnly: true }]);
  t.is(container.env.find(({ name }: Rendered) => name === 'NOTIFY_SETTINGS').value, `${folder}/notify.yaml`);
  const { sources } = pod.volumes[0].projected;
  t.deepEqual(
    sources.flatMap(({ secret }: Rendered) =>
      secret ? [`${secret.name}/${secret.items[0].key} ${secret.items[0].path} ${secret.optional}`] : [],
    ),
    [
      'mail/password smtp-password true',
      'ca/ca.crt smtp-ca.crt true',
      'watcher/url heartbeat-default true',
      'watcher/night heartbeat-night true',
    ],
  );
  t.false(JSON.stringify(container.env).includes('password'));
});

const kinds = (objects: Rendered[]): string[] => objects.map(({ kind }) => kind).filter((kind) => /Service$|Monitor$/.test(kind));

test('metrics: a Service, and monitors only where they are asked for', async (t) => {
  t.deepEqual(kinds(await render()), ['Service']);
  const objects = await render(
    '--set',
    'metrics.serviceMonitor.enabled=true,metrics.podMonitor.enabled=true,metrics.podMonitor.labels.team=ops',
  );
  t.deepEqual([...new Set(kinds(objects))].toSorted(), ['PodMonitor', 'Service', 'ServiceMonitor']);
  const service = only(objects, 'Service', 'holdfast-metrics');
  const { selector, endpoints } = only(objects, 'ServiceMonitor', 'holdfast').spec;
  t.like(service.metadata.labels, selector.matchLabels);
  t.is(endpoints[0].port, service.spec.ports[0].name);
  const [container] = only(objects, 'Deployment', 'holdfast').spec.template.spec.containers;
  t.is(service.spec.ports[0].targetPort, container.ports[0].name);
  t.is(only(objects, 'PodMonitor', 'holdfast').metadata.labels.team, 'ops');
});

test('policies of the release are rendered as they are written', async (t) => {
  const { spec } = rightPolicy();
  const objects = await render(
    ...json('policies', [{ name: 'shop', namespace: 'shop', labels: { team: 'shop' }, annotations: { a: 'b' }, spec }]),
  );
  const policy = only(objects, 'BackupPolicy', 'shop');
  t.is(policy.metadata.namespace, 'shop');
  t.is(policy.metadata.labels.team, 'shop');
  t.deepEqual(policy.metadata.annotations, { a: 'b' });
  t.deepEqual(policy.spec, spec);
});

test('every pod keeps to Pod Security `restricted`, with resources and a root that nobody can write', async (t) => {
  const pods = (await render()).filter(({ spec }) => spec?.template?.spec?.containers).map(({ spec }) => spec.template.spec);
  t.is(pods.length, 3);
  for (const pod of pods) {
    t.true(pod.securityContext.runAsNonRoot);
    t.is(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
    t.falsy(pod.hostNetwork || pod.hostPID || pod.hostIPC);
    t.true((pod.volumes ?? []).every((volume: Rendered) => volume.hostPath === undefined));
    for (const container of pod.containers) {
      t.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] });
      t.false(container.securityContext.allowPrivilegeEscalation);
      t.true(container.securityContext.readOnlyRootFilesystem);
      t.truthy(container.resources.requests.memory && container.resources.requests.cpu && container.resources.limits.memory);
    }
  }
});

const verbsOf = (role: Rendered, group: string, resource: string): string[] =>
  role.rules
    .filter((rule: Rendered) => rule.apiGroups.some((name: string) => [group, '*'].includes(name)))
    .filter((rule: Rendered) => rule.resources.some((name: string) => [resource, '*'].includes(name)))
    .flatMap((rule: Rendered) => rule.verbs);

test('the operator has no verb on Secrets, ConfigMaps or roles, and of a policy it may change finalizers only', async (t) => {
  const objects = await render();
  const role = only(objects, 'ClusterRole', 'holdfast-operator');
  for (const resource of ['secrets', 'configmaps', 'serviceaccounts', 'serviceaccounts/token', 'pods/exec']) {
    t.deepEqual(verbsOf(role, '', resource), [], resource);
  }
  for (const resource of ['roles', 'rolebindings']) {
    t.deepEqual(verbsOf(role, 'rbac.authorization.k8s.io', resource), [], resource);
  }
  t.deepEqual(verbsOf(role, 'holdfast.dev', 'backuppolicies'), ['get', 'list', 'watch', 'patch']);
  t.regex(
    JSON.stringify(only(objects, 'ValidatingAdmissionPolicy', 'holdfast-operator').spec),
    /username == 'system:serviceaccount:holdfast-system:holdfast'.*object\.spec == oldObject\.spec/,
  );
  t.false(verbsOf(role, 'holdfast.dev', 'backups').some((verb) => ['update', 'deletecollection', '*'].includes(verb)));
  t.deepEqual(verbsOf(role, 'holdfast.dev', 'restores'), ['get', 'list', 'watch', 'patch']);
  const verbs = role.rules.flatMap((rule: Rendered) => rule.verbs);
  t.deepEqual(
    verbs.filter((verb: string) => ['*', 'escalate', 'bind', 'impersonate'].includes(verb)),
    [],
  );
});

test('of workloads the operator may change the number of replicas only, and of claims it may delete those that were made for a Restore', async (t) => {
  const objects = await render();
  const role = only(objects, 'ClusterRole', 'holdfast-operator');
  t.deepEqual(verbsOf(role, 'apps', 'statefulsets'), ['get', 'list']);
  for (const resource of ['deployments', 'statefulsets', 'replicasets']) {
    t.false(verbsOf(role, 'apps', resource).some((verb) => ['patch', 'update', '*'].includes(verb)));
  }
  t.deepEqual(
    ['deployments', 'statefulsets'].map((resource) => verbsOf(role, 'apps', `${resource}/scale`)),
    [['patch'], ['patch']],
  );
  t.deepEqual(verbsOf(role, 'autoscaling', 'horizontalpodautoscalers'), ['list']);
  const { matchConstraints, validations } = only(objects, 'ValidatingAdmissionPolicy', 'holdfast-operator-claims').spec;
  t.like(matchConstraints.resourceRules[0], { operations: ['DELETE'], resources: ['persistentvolumeclaims'] });
  t.true(validations[0].expression.includes(label.restore));
});

test('two replicas by default, which share one Lease, spread, and are drained one after the other', async (t) => {
  const objects = await render();
  const { spec } = only(objects, 'Deployment', 'holdfast');
  t.is(spec.replicas, 2);
  t.is(spec.strategy.type, 'RollingUpdate');
  const selector = { matchLabels: spec.selector.matchLabels };
  const [spread] = spec.template.spec.topologySpreadConstraints;
  t.deepEqual([spread.whenUnsatisfiable, spread.labelSelector], ['ScheduleAnyway', selector]);
  t.deepEqual(only(objects, 'PodDisruptionBudget', 'holdfast').spec, { maxUnavailable: 1, selector });

  const alone = await render('--set', 'operator.replicas=1');
  t.is(only(alone, 'Deployment', 'holdfast').spec.template.spec.topologySpreadConstraints, undefined);
  t.is(alone.filter(({ kind }) => kind === 'PodDisruptionBudget').length, 0);
});

test('of Leases the operator may touch its own, in its own namespace', async (t) => {
  const objects = await render();
  const env = Object.fromEntries(
    only(objects, 'Deployment', 'holdfast').spec.template.spec.containers[0].env.map(({ name, value }: Rendered) => [name, value]),
  );
  t.like(env, { LEASE_NAME: 'holdfast', LEASE_NAMESPACE: 'holdfast-system' });
  const role = only(objects, 'Role', 'holdfast-leader');
  t.is(role.metadata.namespace, env.LEASE_NAMESPACE);
  t.deepEqual(
    role.rules.map(({ verbs, resourceNames }: Rendered) => [verbs, resourceNames]),
    [
      [['create'], undefined],
      [['get', 'list', 'watch', 'patch'], [env.LEASE_NAME]],
    ],
  );
  t.deepEqual(verbsOf(only(objects, 'ClusterRole', 'holdfast-operator'), 'coordination.k8s.io', 'leases'), []);
});

test('nothing in the chart may delete a CRD', async (t) => {
  for (const role of (await render()).filter(({ kind }) => kind === 'ClusterRole')) {
    const verbs = verbsOf(role, 'apiextensions.k8s.io', 'customresourcedefinitions');
    t.false(
      verbs.some((verb) => verb.startsWith('delete') || verb === '*'),
      role.metadata.name,
    );
  }
});

const aggregated = (objects: Rendered[]) =>
  objects
    .filter(({ kind }) => kind === 'ClusterRole')
    .flatMap(({ metadata }) => Object.keys(metadata.labels).filter((key) => key.includes('aggregate-to')));

test('roles for people: only the admin writes policies, and aggregation can be switched off', async (t) => {
  const objects = await render();
  const verbs = (name: string) => verbsOf(only(objects, 'ClusterRole', name), 'holdfast.dev', 'backuppolicies');
  t.deepEqual(verbs('holdfast-viewer'), ['get', 'list', 'watch']);
  t.deepEqual(verbs('holdfast-user'), ['get', 'list', 'watch']);
  t.deepEqual(verbs('holdfast-restorer'), ['get', 'list', 'watch']);
  t.true(verbs('holdfast-admin').includes('create'));
  t.is(aggregated(objects).length, 3);
  t.is(aggregated(await render('--set', 'rbac.aggregate=false')).length, 0);
});

test('only the restorer writes Restores, and no role of the cluster becomes one by itself', async (t) => {
  const roles = (await render()).filter(
    ({ kind, metadata }) => kind === 'ClusterRole' && /-(viewer|user|restorer|admin)$/.test(metadata.name),
  );
  const verbs = Object.fromEntries(roles.map((role) => [role.metadata.name, verbsOf(role, 'holdfast.dev', 'restores')]));
  const read = ['get', 'list', 'watch'];
  t.deepEqual(verbs, {
    'holdfast-viewer': read,
    'holdfast-user': read,
    'holdfast-restorer': [...read, 'create', 'patch', 'delete'],
    'holdfast-admin': read,
  });
  t.deepEqual(aggregated(roles.filter(({ metadata }) => metadata.name === 'holdfast-restorer')), []);
});

test('the hook applies the same CRDs that the first install brings', async (t) => {
  const { data } = only(await render(), 'ConfigMap', 'holdfast-crds');
  for (const file of ['holdfast.dev_backuppolicies.yaml', 'holdfast.dev_backups.yaml']) {
    const crd = parse(data[file]);
    t.deepEqual(crd, parse(readFileSync(join(root, 'crds', file), 'utf8')));
    const role = only(await render(), 'ClusterRole', 'holdfast-crds');
    t.true(role.rules[0].resourceNames.includes(crd.metadata.name));
  }
  t.true(
    (await render('--set', 'crds.upgrade=false,uninstall.dropSlots=false')).every(
      ({ metadata }) => metadata.annotations?.['helm.sh/hook'] === undefined,
    ),
  );
});

// Paths of all references to Secrets in the schema: `connection.caSecretRef`, `imagePullSecrets`, …
const secretPaths = (schema: Rendered, path: string[] = []): string[] =>
  Object.entries<Rendered>(schema.properties ?? {}).flatMap(([name, property]) =>
    name.endsWith('SecretRef') || name === 'imagePullSecrets'
      ? [[...path, name].slice(-2).join('.')]
      : secretPaths(property.items ?? property, [...path, name]),
  );

test('admission asks about every reference to a Secret that a policy can hold, and a Restore has those that it asks about', async (t) => {
  const crd = parse(readFileSync(join(root, 'crds/holdfast.dev_backuppolicies.yaml'), 'utf8'));
  const paths = secretPaths(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec);
  t.deepEqual(paths.toSorted(), [
    'connection.caSecretRef',
    'connection.credentialsSecretRef',
    'encryption.signingKeySecretRef',
    'encryption.stateIdentitySecretRef',
    'jobs.imagePullSecrets',
    'logical.credentialsSecretRef',
    's3.caSecretRef',
    's3.credentialsSecretRef',
  ]);
  const policy = only(await render(), 'ValidatingAdmissionPolicy', 'holdfast-policies');
  const named = policy.spec.variables.find(({ name }: Rendered) => name === 'named').expression as string;
  for (const path of paths) {
    // Tiers are called `b` there.
    t.true(named.includes(path.replace(/^s3\./, 'b.')), path);
  }
  const restores = parse(readFileSync(join(root, 'crds/holdfast.dev_restores.yaml'), 'utf8'));
  t.deepEqual(secretPaths(restores.spec.versions[0].schema.openAPIV3Schema.properties.spec), [
    'source.identitySecretRef',
    'connection.caSecretRef',
    'connection.credentialsSecretRef',
  ]);
  t.is((await render('--set', 'admission.enabled=false')).filter(({ kind }) => kind.startsWith('ValidatingAdmission')).length, 0);
});

test('the notes name the next commands', async (t) => {
  const notes = await helm('install', 'holdfast', chart, '--dry-run=client', '--namespace', 'holdfast-system', '--values', testValues);
  t.regex(notes, /rollout status deployment\/holdfast/);
  t.regex(notes, /kubectl holdfast keygen/);
});
