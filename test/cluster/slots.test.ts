// Replication slots on a real server, dropped by real Jobs: archiving switched off, a policy deleted, a server that is away, Holdfast removed, a namespace that goes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { BackupPolicy } from '../../src/api/objects.ts';
import { slotFinalizer } from '../../src/api/group.ts';
import { eventually } from '../kube/on-server.ts';
import { installCrds } from './crds.ts';
import { kubectl, mustKubectl, root } from './kubectl.ts';
import { namespaced, operatorsOf } from './namespaced.ts';
import { policy } from './operator-objects.ts';
import { serverObjects, sqlIn } from './postgres-pod.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';

const namespace = 'holdfast-test-slots';
const images = JSON.parse(readFileSync(join(root, '.cluster/images.json'), 'utf8')) as Record<string, string>;
const agents = { AGENT_IMAGES: JSON.stringify({ 17: images['agent-17'] }) };
const { operate, endOperators } = operatorsOf(namespace, agents);
const { inNamespace, apply } = namespaced(namespace);

const sql = (text: string): Promise<string> => sqlIn(namespace, text);
const slots = async (): Promise<string[]> =>
  (await sql('SELECT slot_name FROM pg_replication_slots ORDER BY 1')).split('\n').filter((line) => line !== '');
// As its receiver would.
const makeSlot = (name: string): Promise<string> => sql(`SELECT pg_create_physical_replication_slot('${name}', true)`);

const archiving = (name: string, walArchive: object = {}, host = 'postgres') =>
  policy(name, {
    components: [
      {
        name: 'db',
        postgresql: { version: 17, connection: { host, sslMode: 'disable', credentialsSecretRef: { name: 'login' } }, walArchive },
      },
    ],
  });
const read = async (name: string): Promise<BackupPolicy | undefined> => {
  const { code, stdout } = await kubectl(inNamespace('get', 'hbp', name, '-o', 'json'));
  return code === 0 ? (JSON.parse(stdout) as BackupPolicy) : undefined;
};
const isHeld = async (name: string): Promise<boolean> => (await read(name))?.metadata.finalizers?.includes(slotFinalizer) === true;
const archiveOf = async (name: string) => (await read(name))?.status?.walArchive?.[0];
const made = async (name: string, host?: string): Promise<string> => {
  await apply(archiving(name, {}, host));
  await eventually(
    'the slot is on record and the policy held',
    async () => (await isHeld(name)) && (await archiveOf(name))?.slot !== undefined,
  );
  return `holdfast_holdfast_test_slots_${name}_db`;
};

test.before(async () => {
  await installCrds();
  await ownNamespaces(namespace);
  await apply(...serverObjects(images['postgres'] ?? ''));
  await mustKubectl(inNamespace('create', 'secret', 'generic', 'login', '--from-literal=username=postgres', '--from-literal=password=b'));
  await mustKubectl(inNamespace('create', 'secret', 'generic', 'signing', '--from-literal=signing.key=c'));
  await mustKubectl(inNamespace('wait', '--for=condition=Ready', '--timeout=90s', 'pod/postgres'));
});
test.after.always(async () => {
  await endOperators();
  await dropNamespaces(namespace);
  await letIn(namespace);
});

test.serial(
  'archiving switched off, and a policy deleted in the foreground: the server has no slot afterwards, and nobody holds the policy',
  async (t) => {
    const operator = await operate();
    const [off, gone] = await Promise.all([made('off'), made('gone')]);
    await Promise.all([off, gone, 'other'].map(makeSlot));
    await apply(archiving('off', { mode: 'Off' }));
    // What is deleted in the foreground takes along first what belongs to it: not the Job that has its work to do then.
    await mustKubectl(inNamespace('delete', 'hbp', 'gone', '--cascade=foreground', '--timeout=120s'));
    await eventually('the other one is let go', async () => !(await isHeld('off')), 60);
    t.deepEqual(await slots(), ['other']);
    t.like((await archiveOf('off'))?.dropped, { name: off, reason: 'ArchivingOff' });
    t.deepEqual(
      operator.log.filter(({ message }) => message === 'A person should know'),
      [],
    );
    t.is(await operator.stop(), 0);
  },
);

test.serial(
  'Holdfast is removed: what can be reached is dropped, what cannot is told with its SQL, nobody is held, and the process ends well',
  async (t) => {
    const operator = await operate();
    const [near] = await Promise.all([made('near'), made('far', 'nowhere')]);
    await makeSlot(near);
    await operator.stop();
    const last = await operate({ UNINSTALL_SECONDS: '40' });
    await eventually('it has ended', () => !last.isRunning(), 120);
    t.is(await last.stop(), 0);
    t.deepEqual(await slots(), ['other']);
    t.is((await archiveOf('near'))?.dropped?.reason, 'Uninstalled');
    t.false((await isHeld('near')) || (await isHeld('far')));
    const told = last.log.map(({ message }) => message).filter((message) => message.includes('far_db'));
    t.regex(told.join('\n'), /far_db".*nowhere:5432.*SourceUnreachable.*pg_drop_replication_slot/);

    const next = await operate();
    await eventually(
      'a new one goes on by itself',
      async () => (await archiveOf('near'))?.slot !== undefined && (await archiveOf('far'))?.slot?.dropping === undefined,
    );
    t.is(await next.stop(), 0);
  },
);

test.serial('a namespace that goes away waits for no server', async (t) => {
  const operator = await operate();
  await eventually('the policies are held', async () => (await isHeld('near')) && (await isHeld('far')));
  await mustKubectl(['delete', 'namespace', namespace, '--timeout=60s']);
  t.true(operator.log.some(({ message }) => message === 'A person should know'));
  t.is(await operator.stop(), 0);
});
