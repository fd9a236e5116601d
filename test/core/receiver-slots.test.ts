// When a replication slot is kept and when it goes. Pure, on a virtual clock.
import test from 'ava';
import { archivingSpec, dropped, iso, minute, slotWorld, unreachable } from './slot-world.ts';

const hour = 60 * minute;
const name = 'holdfast_shop_shop_db';

// A policy whose receiver may run.
const armed = (spec: object = archivingSpec()) => {
  const world = slotWorld(spec);
  world.settle();
  return world;
};

test('a slot is written down, and the policy held, before a receiver may make it', (t) => {
  const world = slotWorld();
  t.deepEqual(world.receiving(), []);
  world.settle();
  t.like(world.archive()?.slot, { name, since: iso(world.now()), connection: { host: 'postgres', port: 5432 } });
  t.true(world.isHeld());
  t.deepEqual(world.receiving(), ['db']);
  t.false(JSON.stringify(world.policy().status).includes('password:'), 'no secret');
});

test('a policy without an archive is not held, and one that was suspended from the start makes no slot', (t) => {
  for (const spec of [{}, archivingSpec({ mode: 'Off' }), archivingSpec({}, { suspend: true })]) {
    const world = armed(spec);
    t.is(world.archive()?.slot, undefined);
    t.false(world.isHeld());
    t.deepEqual(world.receiving(), []);
  }
});

test('suspended: the archive goes on for an hour, then the receiver stops and the slot is dropped; resumed, it begins anew and knows why', (t) => {
  const world = armed();
  world.change(archivingSpec({}, { suspend: true }));
  const status = world.settle();
  const end = iso(world.now() + hour);
  t.true(status.conditions?.some(({ type, message }) => type === 'Ready' && message.includes(`WAL is archived until ${end}`)));
  world.pass(hour - 1000);
  world.settle();
  t.deepEqual([world.receiving(), world.drops()], [['db'], []]);

  world.pass(1000);
  world.settle({ receivingPods: ['db'] });
  t.deepEqual(world.receiving(), []);
  t.like(world.archive()?.slot?.dropping, { reason: 'Suspended', attempt: 0 });
  t.deepEqual(world.drops(), [], 'its receiver still has the slot');
  world.pass(5000);
  world.settle();
  t.like(world.drops()[0], { name, connection: { host: 'postgres' } });
  t.is(world.drops()[0]?.unless, undefined);
  world.end(dropped);
  world.settle();
  t.like(world.archive(), { slot: undefined, state: 'Suspended', dropped: { name, reason: 'Suspended', time: iso(world.now()) } });
  t.false(world.isHeld());
  world.pass(24 * hour);
  world.settle();
  t.is(world.jobs.size, 1, 'once');

  world.change(archivingSpec());
  world.settle();
  t.deepEqual(world.receiving(), ['db']);
  t.is(world.archive()?.dropped?.reason, 'Suspended');
  t.is(world.policy().status?.suspendedTime, undefined);
});

test('resumed while the slot is being dropped: the Job is stopped first, and a slot that is still there is used', (t) => {
  const world = armed();
  world.change(archivingSpec({}, { suspend: true }));
  world.settle();
  world.pass(hour);
  world.settle();
  t.is(world.jobs.size, 1);
  world.change(archivingSpec());
  t.deepEqual(world.receiving(), []);
  world.settle();
  t.is(world.jobs.size, 0);
  t.deepEqual(world.receiving(), ['db']);
  t.is(world.archive()?.dropped, undefined);
});

test('a receiver whose pod does not go is waited for two minutes only', (t) => {
  const world = armed();
  world.change(archivingSpec({ mode: 'Off' }));
  world.settle({ receivingPods: ['db'] });
  world.pass(2 * minute - 1000);
  world.settle({ receivingPods: ['db'] });
  t.is(world.jobs.size, 0);
  world.pass(1000);
  world.settle({ receivingPods: ['db'] });
  t.is(world.jobs.size, 1);
});

for (const [title, spec, reason] of [
  ['mode Off', archivingSpec({ mode: 'Off' }), 'ArchivingOff'],
  [
    'walArchive removed',
    {
      components: [
        { name: 'db', postgresql: (archivingSpec() as never as { components: { postgresql: object }[] }).components[0]?.postgresql },
      ].map((each) => ({ ...each, postgresql: { ...each.postgresql, walArchive: undefined } })),
    },
    'ArchivingOff',
  ],
  [
    'the component removed',
    {
      components: [
        { name: 'other', postgresql: { version: 17, connection: { host: 'x', sslMode: 'disable', credentialsSecretRef: { name: 'l' } } } },
      ],
    },
    'ArchivingOff',
  ],
] as const) {
  test(`${title}: the slot is dropped by what was written down of it`, (t) => {
    const world = armed();
    world.change(spec);
    world.settle();
    t.is(world.archive()?.slot?.dropping?.reason, reason);
    t.like(world.drops()[0], { name, connection: { host: 'postgres', credentialsSecretRef: { name: 'login' } } });
    world.end(dropped);
    world.settle();
    t.is(world.archive()?.slot, undefined);
    t.false(world.isHeld());
  });
}

test('another slotName: the new slot is used at once, the old one goes five minutes later', (t) => {
  const world = armed();
  world.change(archivingSpec({ slotName: 'other' }));
  world.settle();
  t.deepEqual(world.receiving(), ['db']);
  t.is(world.archive()?.slot?.name, 'other');
  t.like(world.archive()?.formerSlots?.[0], { name, dropping: { reason: 'SlotRenamed', attempt: 0 } });
  world.pass(5 * minute);
  world.settle({ receivingPods: ['db'] });
  t.like(world.drops()[0], { name });
  t.is(world.drops()[0]?.unless, undefined);
  world.end(dropped);
  world.settle();
  t.is(world.archive()?.formerSlots, undefined);
  t.is(world.archive()?.dropped, undefined, 'nothing is missing');
  t.true(world.isHeld());
});

test('the name changed back before the old slot went: it is used again', (t) => {
  const world = armed();
  world.change(archivingSpec({ slotName: 'other' }));
  world.settle();
  world.change(archivingSpec());
  world.settle();
  t.is(world.archive()?.slot?.name, name);
  t.is(world.archive()?.slot?.dropping, undefined);
  t.deepEqual(
    world.archive()?.formerSlots?.map((slot) => slot.name),
    ['other'],
  );
  t.deepEqual(world.receiving(), ['db']);
});

test('another server: the slot of the old one goes, unless both are one; an old server that is away is given up after a day', (t) => {
  const world = armed();
  world.change(archivingSpec({ host: 'postgres-2' }));
  world.settle();
  t.deepEqual(world.receiving(), ['db']);
  world.pass(5 * minute);
  world.settle();
  t.like(world.drops()[0], { connection: { host: 'postgres' }, unless: { host: 'postgres-2' } });
  for (let hours = 0; hours < 26 && world.archive()?.formerSlots !== undefined; hours += 1) {
    world.end(unreachable);
    world.settle();
    world.pass(hour);
    world.settle();
  }
  t.is(world.archive()?.formerSlots, undefined);
  t.is(world.told.length, 1);
  t.regex(world.told[0] ?? '', /holdfast_shop_shop_db.*postgres:5432.*pg_drop_replication_slot/);
  t.true(world.isHeld());
});

test('other credentials of the same server are no other slot', (t) => {
  const world = armed();
  const spec = archivingSpec() as { components: { postgresql: { connection: { credentialsSecretRef: { name: string } } } }[] };
  (spec.components[0] as (typeof spec.components)[0]).postgresql.connection.credentialsSecretRef.name = 'rotated';
  world.change(spec);
  world.settle();
  t.is(world.archive()?.slot?.connection.credentialsSecretRef.name, 'rotated');
  t.is(world.archive()?.formerSlots, undefined);
  t.deepEqual(world.receiving(), ['db']);
});

test('a policy is deleted: the receiver stops, the slot goes, the policy is let go', (t) => {
  const world = armed();
  world.remove();
  t.deepEqual(world.receiving(), []);
  world.settle({ receivingPods: ['db'] });
  t.is(world.jobs.size, 0);
  world.pass(5000);
  world.settle();
  t.is(world.jobs.size, 1);
  t.false(world.isGone());
  world.end(dropped);
  world.settle();
  t.true(world.isGone());
  t.deepEqual(world.told, []);
});

test('deleted with the server away: it is tried for ten minutes, then let go, and the SQL is told', (t) => {
  const world = armed();
  world.remove();
  const since = world.now();
  let attempts = 0;
  while (!world.isGone() && world.now() - since < hour) {
    world.settle();
    if (world.jobs.size > 0 && [...world.jobs.values()].at(-1)?.state.type === 'Waiting') {
      attempts += 1;
      world.end(unreachable);
    }
    world.pass(5000);
  }
  t.is(world.now() - since, 10 * minute + 5000);
  t.true(attempts >= 8 && attempts <= 20, String(attempts));
  t.is(world.told.length, 1);
  t.regex(world.told[0] ?? '', /postgres:5432.*SourceUnreachable.*SELECT pg_drop_replication_slot\('holdfast_shop_shop_db'\)/);
});

test('deleted with its namespace: nothing can be started there, so it is let go at once; a Job at work is waited for a minute', (t) => {
  const world = armed();
  world.remove();
  world.settle({ namespaceTerminating: true });
  t.true(world.isGone());
  t.is(world.told.length, 1);

  const busy = armed();
  busy.remove();
  busy.settle();
  busy.settle({ namespaceTerminating: true });
  t.false(busy.isGone());
  busy.pass(minute);
  busy.settle({ namespaceTerminating: true });
  t.true(busy.isGone());
});

test('Holdfast is removed: the slots go with that reason, what cannot be dropped in time is told and kept in the status, and nobody is held', (t) => {
  const world = armed();
  const until = world.now() + 4 * minute;
  world.settle({ uninstalling: { until } });
  t.is(world.jobs.size, 1);
  world.end(dropped);
  world.settle({ uninstalling: { until } });
  t.is(world.archive()?.dropped?.reason, 'Uninstalled');
  t.false(world.isHeld());
  // The policy was let go, and what became of its slot could not be written down at once.
  const lost = armed();
  lost.settle({ uninstalling: { until } });
  lost.end(dropped);
  lost.letGo();
  lost.settle({ uninstalling: { until } });
  t.is(lost.archive()?.dropped?.reason, 'Uninstalled');

  world.settle();
  t.deepEqual(world.receiving(), ['db'], 'the next installation goes on');

  world.pass(1000);
  world.settle({ uninstalling: { until } });
  world.end(unreachable);
  world.pass(4 * minute);
  world.settle({ uninstalling: { until } });
  t.false(world.isHeld());
  t.is(world.archive()?.slot?.name, name);
  t.is(world.told.length, 1);
});

test('why a pod waits is said until a server has answered; then what that answered is', (t) => {
  const world = armed();
  world.change(archivingSpec({ mode: 'Off' }));
  const message = () => world.archive()?.slot?.dropping?.message;
  world.settle();
  world.holdUp('FailedMount: login');
  world.settle();
  t.is(message(), 'FailedMount: login');
  world.end(unreachable);
  world.settle();
  world.pass(minute);
  world.settle();
  world.holdUp('FailedMount: login');
  world.settle();
  t.is(world.archive()?.slot?.dropping?.attempt, 2);
  t.is(message(), 'SourceUnreachable: does not answer');
});

test('a slot that is not ours is left alone and told; what did not work is tried again, ever more seldom', (t) => {
  const world = armed();
  world.change(archivingSpec({ mode: 'Off' }));
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 9; attempt += 1) {
    world.settle();
    const before = world.now();
    world.end(attempt === 3 ? undefined : unreachable);
    while (world.archive()?.slot?.dropping?.attempt === attempt) {
      world.settle();
      world.pass(1000);
    }
    waits.push(Math.round((world.now() - before) / minute));
  }
  t.deepEqual(waits.slice(-2), [60, 60]);
  t.is(world.archive()?.slot?.dropping?.message, 'SourceUnreachable: does not answer');
  const left = () => world.policy().status?.conditions?.find(({ type }) => type === 'SlotLeft');
  t.true(Date.parse(left()?.lastTransitionTime ?? '') < world.now() - hour, 'it is one trouble, however often it is looked at');
  t.regex(left()?.message ?? '', /postgres:5432.*SourceUnreachable.*SELECT pg_drop_replication_slot/);
  world.end({ outcome: 'Failed', category: 'Configuration', code: 'SlotForeign', message: 'a logical one', retryable: false });
  world.settle();
  t.is(world.archive()?.slot, undefined);
  t.deepEqual(world.told, ['db: a logical one']);
  t.is(left(), undefined);
});
