// Two operators on an API server of the test's own that goes away again and again, and whose etcd is started again: they come back by
// themselves, with few lists, and nothing is done twice. `ROUNDS` outages.
import test from 'ava';
import type { V1Job } from '@kubernetes/client-node';
import { backupPolicies, backups } from '../../src/controllers/resources.ts';
import { hasReason } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { jobs } from '../../src/kube/resource.ts';
import { backupIn, policyIn } from './own/objects.ts';
import { installKinds, startOwnOperator } from './own/operator.ts';
import type { OwnOperator } from './own/operator.ts';
import { startServer } from './own/server.ts';
import type { OwnServer } from './own/server.ts';
import { eventually, sleep } from './patience.ts';

const rounds = Number(process.env['ROUNDS'] ?? 3);
const outageMilliseconds = 20_000;
const place = 'outage';
const users = ['outage-a', 'outage-b'];
const reflected = ['backuppolicies', 'backups', 'jobs', 'pods', 'persistentvolumeclaims', 'leases'];

let server: OwnServer;
const over = new AbortController();
const running = new Map<string, OwnOperator>();
const exitCodes: (number | string)[] = [];

// As Kubernetes does, starts it again whenever it ends.
const keepRunning = async (user: string): Promise<void> => {
  while (!over.signal.aborted) {
    const operator = await startOwnOperator(server, user, place);
    running.set(user, operator);
    exitCodes.push(await operator.ended());
  }
};
let kept: Promise<unknown>;

test.before(async () => {
  server = await startServer(users);
  await installKinds(server, users, [place]);
  kept = Promise.all(users.map(keepRunning));
  await eventually('both are ready', () => users.every((user) => running.get(user)?.saidAt('Ready') !== undefined), 60);
});
test.after.always(async () => {
  over.abort();
  running.forEach((operator) => operator.signal('SIGKILL'));
  await kept;
  await server.end();
});

const jobsOf = async (name: string): Promise<string[]> => {
  const found: string[] = [];
  const labelSelector = `holdfast.dev/backup=${name}`;
  for await (const { items } of server.admin.list<V1Job & KubeObject>(jobs, { namespace: place, labelSelector })) {
    found.push(...items.map(({ metadata }) => metadata?.name ?? ''));
  }
  return found;
};

// An API server that has just come up does not know all its paths yet.
const make = (create: () => Promise<unknown>): Promise<void> =>
  eventually('it is made', () =>
    create().then(
      () => true,
      (error: unknown) => hasReason(error, 'AlreadyExists'),
    ),
  );

const made = new Set<string>();

// A Backup that is ordered now gets its one Job.
const works = async (name: string, seconds: number): Promise<void> => {
  await make(() => server.admin.create(backupPolicies, { ...policyIn(place), metadata: { name, namespace: place } }));
  await make(() => server.admin.create(backups, { ...backupIn(place, name), spec: { policyRef: { name } } }));
  made.add(name);
  await eventually(`${name} has its Job`, async () => (await jobsOf(name)).length > 0, seconds);
};

// Lists since a time that brought something, by user and resource. A server that has just come up refuses some, and those are tried again.
const listsSince = (time: number): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { user, verb, resource } of server.audited().filter((one) => one.time >= time && one.status === 200)) {
    if (verb === 'list' && reflected.includes(resource)) {
      const key = `${user} ${resource}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
};
const tooMany = (lists: Map<string, number>): string[] => [...lists].flatMap(([key, count]) => (count > 2 ? [`${key}: ${count}`] : []));

test.serial('before anything happens one of them works, and each has listed each kind once', async (t) => {
  await works('first', 60);
  const lists = listsSince(0);
  t.is(lists.size, users.length * reflected.length);
  t.true([...lists.values()].every((count) => count === 1));
});

test.serial('the API server is away for 20 s, again and again: at most two lists of a kind each time, and the work goes on', async (t) => {
  t.timeout((rounds + 2) * 90_000);
  for (let round = 1; round <= rounds; round += 1) {
    const begins = Date.now();
    await server.stopApi();
    await sleep(outageMilliseconds);
    await server.startApi();
    await works(`round-${round}`, 60);
    // A process that ended comes back in the meantime.
    await eventually('both are ready', () => users.every((user) => running.get(user)?.saidAt('Ready') !== undefined), 30);
    const lists = listsSince(begins);
    t.log(`outage ${round}: ${[...lists].map(([key, count]) => `${key} ${count}`).join(', ') || 'no list'}`);
    t.deepEqual(tooMany(lists), []);
  }
  // The one that led could not renew, and said so by its end. The other one never ends for an API server that is away.
  t.true(
    exitCodes.every((code) => code === 1),
    exitCodes.join(' '),
  );
  t.true(exitCodes.length <= rounds, `${exitCodes.length} ends in ${rounds} outages`);
});

test.serial('etcd is started again: nobody ends, nobody lists more than once', async (t) => {
  const begins = Date.now();
  const ends = exitCodes.length;
  await server.restartEtcd();
  await works('after-etcd', 60);
  t.true([...listsSince(begins).values()].every((count) => count <= 1));
  t.is(exitCodes.length, ends);
});

test.serial('after all that each Backup has one Job', async (t) => {
  t.true(made.size > 1);
  for (const name of made) {
    t.is((await jobsOf(name)).length, 1, name);
  }
});
