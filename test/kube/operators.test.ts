// Operators as processes on an API server of the test's own: which one works when one is killed, stopped, or put to sleep, and that nothing
// is done twice.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { V1Job } from '@kubernetes/client-node';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { backupPolicies, backups } from '../../src/controllers/resources.ts';
import { leases } from '../../src/kube/lease.ts';
import type { Lease } from '../../src/kube/lease.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { jobs } from '../../src/kube/resource.ts';
import { backupIn, everyMinute, policyIn } from './own/objects.ts';
import { installKinds, startOwnOperator, takeAway } from './own/operator.ts';
import type { OwnOperator } from './own/operator.ts';
import { startServer } from './own/server.ts';
import type { Audited, OwnServer } from './own/server.ts';
import { eventually, sleep } from './patience.ts';

const places = ['killed', 'stopped', 'asleep', 'forgetful'];
const users = places.flatMap((place) => ['a', 'b', 'c'].map((which) => `${place}-${which}`));

let server: OwnServer;
const running: OwnOperator[] = [];
test.before(async () => {
  server = await startServer(users);
  await installKinds(server, users, places);
});
test.after.always(async () => {
  running.filter((each) => each.isRunning()).forEach((each) => each.signal('SIGKILL'));
  await Promise.all(running.map((each) => each.ended()));
  await server.end();
});

const operator = async (place: string, which: 'a' | 'b' | 'c'): Promise<OwnOperator> => {
  const started = await startOwnOperator(server, `${place}-${which}`, place);
  running.push(started);
  return started;
};
// The first one leads, the second one watches.
const pair = async (place: string): Promise<[OwnOperator, OwnOperator]> => {
  const first = await operator(place, 'a');
  await first.says('Leading', 60);
  const second = await operator(place, 'b');
  await second.says('Ready', 60);
  return [first, second];
};

const arm = (place: string, spec: object = {}): Promise<unknown> => server.admin.create(backupPolicies, policyIn(place, spec));
const order = (place: string, name: string): Promise<unknown> => server.admin.create(backups, backupIn(place, name));
const all = async <T extends KubeObject>(pages: AsyncGenerator<{ items: T[] }>): Promise<T[]> => {
  const found: T[] = [];
  for await (const { items } of pages) {
    found.push(...items);
  }
  return found;
};
const dumpsOf = (place: string, name: string) =>
  all(
    server.admin.list<V1Job & KubeObject>(jobs, { namespace: place, labelSelector: `holdfast.dev/backup=${name},holdfast.dev/verb=dump` }),
  );
const backupsIn = (place: string) => all(server.admin.list<Backup>(backups, { namespace: place }));
const readPolicy = (place: string) => server.admin.get<BackupPolicy>(backupPolicies, { namespace: place, name: 'shop' });
const leaseOf = async (place: string) => (await server.admin.get<Lease>(leases, { namespace: place, name: 'holdfast' }))?.spec;
// What a user tried to write since a time of the wall clock, whatever became of it.
const writesOf = ({ user }: OwnOperator, since: number): Audited[] =>
  server.audited().filter((one) => one.user === user && one.time > since && !['get', 'list', 'watch'].includes(one.verb));

const hasItsJob = (place: string, name: string, seconds = 15): Promise<void> =>
  eventually(`${name} has its Job`, async () => (await dumpsOf(place, name)).length > 0, seconds);

// Each slot has one Backup, and each Backup at most one Job for its first attempt.
const nothingTwice = async (t: ExecutionContext, place: string): Promise<void> => {
  const found = await backupsIn(place);
  const slots = found.flatMap(({ metadata }) => metadata.annotations?.['holdfast.dev/slot'] ?? []);
  t.is(new Set(slots).size, slots.length, `two Backups for one slot: ${slots.join(' ')}`);
  for (const { metadata } of found) {
    t.true((await dumpsOf(place, metadata.name)).length <= 1);
  }
};

test('the leader is killed: the other one works before 30 s are over, and not before the Lease has run out', async (t) => {
  const [first, second] = await pair('killed');
  await arm('killed');
  await order('killed', 'before');
  await hasItsJob('killed', 'before');
  t.deepEqual(writesOf(second, 0), [], 'the one that watches writes nothing');
  first.signal('SIGKILL');
  const killed = performance.now();
  await order('killed', 'after');
  const seconds = ((await second.says('Leading', 40)) - killed) / 1000;
  t.true(seconds >= 14 && seconds < 30, `${seconds} s`);
  await hasItsJob('killed', 'before', 5);
  await eventually('the other one looks after what was ordered meanwhile', async () =>
    (await backupsIn('killed')).every(({ status }) => (status?.conditions ?? []).length > 0),
  );
  t.is((await leaseOf('killed'))?.leaseTransitions, 1);
  await nothingTwice(t, 'killed');
});

test('the leader is stopped: it ends what it does and goes, and the other one works within 2 s', async (t) => {
  const [first, second] = await pair('stopped');
  await arm('stopped');
  const asked = performance.now();
  first.signal('SIGTERM');
  const seconds = ((await second.says('Leading', 40)) - asked) / 1000;
  t.true(seconds <= 2, `${seconds} s`);
  t.is(await first.ended(), 0);
  t.is(first.log.at(-1)?.message, 'Stopped');
  t.is(first.stderr(), '');
  await order('stopped', 'after');
  await hasItsJob('stopped', 'after');

  // One that only watched has nothing to release; one that comes back does not wait for anybody.
  const third = await operator('stopped', 'c');
  await third.says('Ready');
  third.signal('SIGTERM');
  t.is(await third.ended(), 0);
  t.regex((await leaseOf('stopped'))?.holderIdentity ?? '', /_/);
  t.true(second.isRunning());
  second.signal('SIGTERM');
  t.is(await second.ended(), 0);
  t.is((await leaseOf('stopped'))?.holderIdentity, '');
  const again = await operator('stopped', 'a');
  const ready = await again.says('Ready');
  t.true((await again.says('Leading')) - ready < 2000);
});

test('the leader sleeps for a minute and wakes: it writes nothing any more, and ends', async (t) => {
  const [first, second] = await pair('asleep');
  await arm('asleep', { schedules: everyMinute });
  await order('asleep', 'before');
  await hasItsJob('asleep', 'before');
  first.signal('SIGSTOP');
  const asleep = performance.now();
  await sleep(1000);
  // What it had sent before is through by now.
  const sleptSince = Date.now();
  // Its watches bring it this when it wakes.
  await order('asleep', 'meanwhile');
  const seconds = ((await second.says('Leading', 40)) - asleep) / 1000;
  t.true(seconds < 30, `${seconds} s`);
  await sleep(Math.max(0, asleep + 60_000 - performance.now()));
  await order('asleep', 'late');
  first.signal('SIGCONT');
  t.is(await first.ended(), 1);
  t.deepEqual(
    writesOf(first, sleptSince).map(({ verb, resource, name }) => `${verb} ${resource} ${name}`),
    [],
  );
  const why = first.log.find(({ message }) => message === 'Could not go on')?.['error'];
  t.regex(String(why), /does not lead: the Lease (was last renewed|belongs to)/);
  t.true(second.isRunning());
  await eventually('the schedule went on', async () => (await backupsIn('asleep')).length >= 4, 10);
  await nothingTwice(t, 'asleep');

  // As Kubernetes would start it again.
  const again = await operator('asleep', 'a');
  await again.says('Ready');
  await sleep(1000);
  t.is(again.saidAt('Leading'), undefined);
});

test('killed after it made the Backup of a slot and before it could write that down: the next one adopts it', async (t) => {
  const first = await operator('forgetful', 'a');
  await first.says('Leading', 60);
  await arm('forgetful', { schedules: everyMinute });
  await eventually('it waits for its first slot', async () => (await readPolicy('forgetful'))?.status?.next !== undefined);
  await takeAway(server, first.user, 'backuppolicies/status');
  await eventually('the slot has its Backup', async () => (await backupsIn('forgetful')).length > 0, 75);
  await first.says('Could not reconcile');
  first.signal('SIGKILL');
  await first.ended();
  const [made] = await backupsIn('forgetful');
  const slot = made?.metadata.annotations?.['holdfast.dev/slot'] ?? '';
  t.true(((await readPolicy('forgetful'))?.status?.lastScheduleTime ?? '') < slot);

  // Released by hand: nobody holds it any more, that is known here.
  await server.admin.patch(leases, { namespace: 'forgetful', name: 'holdfast' }, { spec: { holderIdentity: '' } });
  const second = await operator('forgetful', 'b');
  await second.says('Leading');
  await eventually('it is written down', async () => ((await readPolicy('forgetful'))?.status?.lastScheduleTime ?? '') >= slot);
  const found = (await backupsIn('forgetful')).filter(({ metadata }) => metadata.annotations?.['holdfast.dev/slot'] === slot);
  t.deepEqual(
    found.map(({ metadata }) => metadata.uid),
    [made?.metadata.uid],
  );
  await nothingTwice(t, 'forgetful');
});
