// The CRDs on a real API server: right resources are accepted, wrong ones refused with a message that helps.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { type Loose, rightBackup, rightPolicy, rightRestore, rightUndo } from '../api/right-inputs.ts';
import type { WrongInput } from '../api/wrong-policy.ts';
import { wrongInputs } from '../api/wrong-inputs.ts';
import { KubeConfig } from '@kubernetes/client-node';
import { connect } from '../../src/kube/connection.ts';
import { exchangeJson } from '../../src/kube/transport.ts';
import { differences, fieldsOf } from '../api/field-paths.ts';
import { installCrds } from './crds.ts';
import { kubectl, mustKubectl, patchStatus, readYaml, root } from './kubectl.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';

const namespace = 'holdfast-test-api';

const config = new KubeConfig();
config.loadFromFile(process.env['HOLDFAST_TEST_KUBECONFIG'] ?? join(root, '.cluster/kubeconfig'));
const connection = connect(config);

test.before(async () => {
  await installCrds();
  // An operator that is installed would write statuses.
  await ownNamespaces(namespace);
});

test.after.always(async () => {
  await connection.close();
  await dropNamespaces(namespace);
  await letIn(namespace);
});

const apply = (object: unknown, ...flags: string[]) =>
  kubectl(['apply', '--namespace', namespace, ...flags, '-f', '-'], JSON.stringify(object));

const plurals: Record<string, string> = { Backup: 'backups', Restore: 'restores' };

// What kubectl sends, without a process for each: a create, or a server-side apply, both with strict field validation.
const send = async (object: Loose, serverSide: boolean): Promise<string | undefined> => {
  const resource = plurals[object.kind] ?? 'backuppolicies';
  const collection = `/apis/holdfast.dev/v1alpha1/namespaces/${namespace}/${resource}`;
  const strict = { fieldValidation: 'Strict' };
  const name = String(object.metadata.name);
  try {
    await exchangeJson(
      connection,
      serverSide
        ? {
            what: 'apply',
            verb: 'patch',
            resource,
            method: 'PATCH',
            path: `${collection}/${name}`,
            query: { ...strict, fieldManager: 'test', force: 'true' },
            body: object,
            contentType: 'application/apply-patch+yaml',
          }
        : { what: 'create', verb: 'create', resource, method: 'POST', path: collection, query: strict, body: object },
    );
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

const assertAnswer = (t: ExecutionContext, answer: string | undefined, says: string[], hides: string | undefined): void => {
  t.not(answer, undefined, 'it was accepted');
  for (const words of says) {
    t.true(answer?.includes(words), `"${words}" is missing in: ${answer}`);
  }
  if (hides !== undefined) {
    t.false(answer?.includes(hides), `a secret is repeated in: ${answer}`);
  }
};

// As people do it, where it matters how kubectl shows it, or what was there before.
const assertKubectl = async (t: ExecutionContext, wrong: WrongInput, says: string[], ...flags: string[]): Promise<void> => {
  const { code, stderr } = await apply(wrong.object, ...flags);
  assertAnswer(t, code === 0 ? undefined : stderr, says, wrong.hides);
};

for (const wrong of wrongInputs) {
  test(`refused: ${wrong.name}`, async (t) => {
    if (wrong.before !== undefined) {
      await mustKubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(wrong.before));
    }
    if (wrong.before !== undefined || wrong.hides !== undefined || wrong.name.includes('field')) {
      await assertKubectl(t, wrong, wrong.says);
      await assertKubectl(t, wrong, wrong.saysServerSide ?? wrong.says, '--server-side', '--force-conflicts');
    } else {
      assertAnswer(t, await send(wrong.object, false), wrong.says, wrong.hides);
      assertAnswer(t, await send(wrong.object, true), wrong.saysServerSide ?? wrong.says, wrong.hides);
    }
  });
}

test('there is a wrong input for every field that people write, each with a name of its own', (t) => {
  t.true(wrongInputs.length >= 60);
  t.is(new Set(wrongInputs.map(({ name }) => name)).size, wrongInputs.length);
  for (const [file, right] of [
    ['crds/holdfast.dev_backuppolicies.yaml', rightPolicy()],
    ['crds/holdfast.dev_backups.yaml', rightBackup()],
    ['crds/holdfast.dev_restores.yaml', rightRestore()],
  ] as const) {
    const { spec } = parse(readYaml(file)).spec.versions[0].schema.openAPIV3Schema.properties;
    const broken = wrongInputs
      .filter(({ object }) => object.kind === right.kind)
      .flatMap(({ object }) => differences(right.spec, object.spec));
    t.deepEqual(
      fieldsOf(spec).filter((field) => !broken.some((path) => path.startsWith(field.replace(/\[\]$/, '')))),
      [],
      'fields that no wrong input is wrong in',
    );
  }
});

// Messages of all rules in a schema, at any depth.
const messagesOf = (schema: Loose): string[] => [
  ...(schema['x-kubernetes-validations'] ?? []).map(({ message }: Loose) => message),
  ...[...Object.values(schema.properties ?? {}), ...(schema.items === undefined ? [] : [schema.items])].flatMap(messagesOf),
];

test('there is a wrong input for every rule of a Restore', (t) => {
  const { openAPIV3Schema } = parse(readYaml('crds/holdfast.dev_restores.yaml')).spec.versions[0].schema;
  const said = wrongInputs
    .filter(({ object }) => object.kind === 'Restore')
    .flatMap(({ says }) => says.filter((words) => words.includes(' ')));
  const messages = new Set(messagesOf({ properties: { spec: openAPIV3Schema.properties.spec } }));
  t.true(messages.size > 20);
  t.deepEqual(
    [...messages].filter((message) => !said.some((words) => message.includes(words))),
    [],
  );
});

test('the resources that the wrong ones are made from are accepted', async (t) => {
  for (const object of [rightPolicy('accepted'), rightBackup('accepted'), rightRestore('accepted'), rightUndo('accepted-undo')]) {
    for (const flags of [[], ['--server-side', '--force-conflicts']]) {
      const { code, stderr } = await apply(object, ...flags);
      t.is(code, 0, stderr);
    }
  }
});

test('every sample is accepted', async (t) => {
  for (const file of readdirSync(join(root, 'manifests/samples'))) {
    // Only asked: an operator in the cluster shall start nothing. A confirmation names the namespace.
    const sample = readYaml(`manifests/samples/${file}`).replaceAll('confirmation: shop/', `confirmation: ${namespace}/`);
    const { code, stderr } = await kubectl(['create', '--namespace', namespace, '--dry-run=server', '-f', '-'], sample);
    t.is(code, 0, `${file}: ${stderr}`);
  }
});

test('defaults are filled in by the API server', async (t) => {
  const policy = rightPolicy('defaults');
  policy.spec.schedules = undefined;
  policy.spec.jobs = undefined;
  policy.spec.components[0].postgresql.logical = undefined;
  await mustKubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(policy));
  const { spec } = parse(await mustKubectl(['get', 'backuppolicy', 'defaults', '--namespace', namespace, '-o', 'yaml']));
  t.is(spec.jobs.parallelism, 2);
  t.is(spec.jobs.deadlines.dump, '6h');
  t.is(spec.components[0].postgresql.connection.sslMode, 'verify-full');
  t.deepEqual(spec.components[0].postgresql.logical, { enabled: true, databases: [], globals: true });
  t.deepEqual(spec.objectives, { rpo: '24h', rto: '4h' });
  t.deepEqual(spec.history, { full: 50, incremental: 50, log: 50 });
  t.deepEqual(spec.components[0].postgresql.physical, { enabled: true, incremental: 'Auto', maxChain: 28 });
  t.deepEqual(spec.schedules, { health: { cron: '0 * * * *', timeZone: 'Etc/UTC', jitter: '59m' } });
});

test('right values at the edges are accepted', async (t) => {
  const crons = ['*/15 * * * *', '0 2 L * *', '0,30 8-18/2 1-15 JAN-MAR MON-FRI', '59 23 31 12 7'];
  for (const [index, cron] of crons.entries()) {
    const policy = rightPolicy(`edge-${index}`);
    policy.spec.schedules.full = { cron, timeZone: 'America/Argentina/Buenos_Aires' };
    policy.spec.components[0].postgresql.connection.host = ['2001:db8::17', '192.0.2.1', '::1', 'db.example.org'][index];
    policy.spec.tiers[1].s3.endpoint = ['https://[2001:db8::1]:9000', 'https://s3', 'https://s3.example.org', 'https://10.0.0.1:7070'][
      index
    ];
    policy.metadata.name = `${policy.metadata.name}-`.padEnd(32, 'x');
    const { code, stderr } = await apply(policy);
    t.is(code, 0, stderr);
  }
});

test('a status says what a backup builds on, or why it is whole', async (t) => {
  const backup = { ...rightBackup(), metadata: { name: 'builds-on' }, spec: { policyRef: { name: 'absent' }, type: 'Incremental' } };
  await mustKubectl(['create', '--namespace', namespace, '-f', '-'], JSON.stringify(backup));
  const components = [
    { name: 'db', outcome: 'Succeeded', parent: '20261122T020000Z-full-3f9a1c04' },
    { name: 'stock', outcome: 'Succeeded', whole: { reason: 'SummariesOff', message: 'summarize_wal is off.' } },
  ];
  await patchStatus('hb', 'builds-on', namespace, { components });
  const { status } = parse(await mustKubectl(['get', 'hb', 'builds-on', '--namespace', namespace, '-o', 'yaml']));
  t.deepEqual(status.components, components);
});

test('status is a subresource: a write of the resource cannot touch it, and the columns show it', async (t) => {
  const policy = rightPolicy('columns');
  const forged = JSON.stringify({ ...policy, status: { repositoryId: 'forged' } });
  const made = JSON.parse(await mustKubectl(['create', '--namespace', namespace, '-o', 'json', '-f', '-'], forged));
  t.deepEqual(made.status, { observedGeneration: -1 }, 'nobody has looked at it yet');
  const time = '2026-11-22T02:00:00Z';
  const status = {
    conditions: [
      { type: 'Ready', status: 'True', reason: 'Armed', message: '', lastTransitionTime: time },
      { type: 'RPOMet', status: 'Unknown', reason: 'FactsStale', message: '', lastTransitionTime: time },
    ],
    rpo: { restorableTime: time },
    tiers: [{ name: 'local', latestBackupTime: time }],
    next: [{ type: 'Full', time: '2036-11-23T02:00:00Z' }],
  };
  await patchStatus('hbp', 'columns', namespace, status);
  const table = await mustKubectl(['get', 'hbp', 'columns', '--namespace', namespace]);
  t.regex(table, /^NAME +READY +SUSPENDED +RPO MET +LAST BACKUP +RESTORABLE TO +NEXT +AGE\n/);
  t.regex(table, /columns +True +true +Unknown +\S+ +2026-11-22T02:00:00Z +2036-11-23T02:00:00Z/);
  t.true((await mustKubectl(['get', 'holdfast', '--namespace', namespace])).includes('backuppolicy.holdfast.dev/columns'));
});
