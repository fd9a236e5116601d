// A volume without room for the old data and the new: the old goes into the store, and nothing is started while it is nowhere else.
import test from 'ava';
import * as fc from 'fast-check';
import type { Restore } from '../../src/api/objects.ts';
import type { RestoreStatus } from '../../src/api/restore-status.ts';
import { decideRestore } from '../../src/core/restore/decide.ts';
import { findCondition } from '../../src/core/plan/conditions.ts';
import { hash, start } from './fixtures.ts';
import { identitySecretRef, inPlaceSpec, makeRestore, onlyDb, restoreWorld, settle, undoSpec } from './restore-world.ts';
import type { Fate, RestoreWorld } from './restore-world.ts';

const everything = { postgres: 1, web: 3 };
const withoutRoom = (): RestoreWorld => restoreWorld(makeRestore(inPlaceSpec), { room: false });
const said = (restore: Restore | undefined): string | undefined => {
  const { reason, message } = findCondition(restore?.status?.conditions, 'Succeeded') ?? {};
  return `${reason}: ${message}`;
};
const requests = (world: RestoreWorld, mode: string) => world.requests().filter(({ recover }) => recover?.mode === mode);
const until = (world: RestoreWorld, reached: (status: RestoreStatus) => boolean, fate: Fate = 'succeeds'): void => {
  for (let round = 0; round < 60 && !reached(world.restore()?.status ?? {}); round += 1) {
    world.running().forEach((name) => world.finish(name, fate));
    world.reconcile();
    world.pass(1000);
  }
};

test('while the old data is copied the status says so, with bytes; in the end it says where it lies, and how large', (t) => {
  const world = withoutRoom();
  until(world, ({ components }) => components?.[0]?.begun === true);
  world.reconcile();
  t.like(world.restore()?.status, { progress: { component: 'db', phase: 'safety', bytes: 7 } });
  t.regex(said(world.restore()) ?? '', /^Restoring: .*db: the volume has no room for both, so the old data is copied into the store first/);
  t.like(world.restore()?.status?.components?.[0], { copy: { tier: 'local', bytes: 7 }, away: true });
  settle(world);
  const { status } = world.restore() ?? {};
  t.like(status, { phase: 'Complete', undo: { state: 'Available', method: 'Stored', components: ['db'] } });
  t.deepEqual(status?.undo?.copies, [{ component: 'db', tier: 'local', place: 'safety/uid of back/db/', bytes: 9 }]);
  t.is(status?.components?.[0]?.away, undefined);
  t.regex(said(world.restore()) ?? '', /What was there is kept in the tier local until /);
  t.deepEqual([world.volume(), world.replicas(), world.broken()], [{ data: 'new', aside: '', store: 'old' }, everything, []]);
});

const undone = (): Restore => {
  const world = withoutRoom();
  settle(world);
  return world.restore() as Restore;
};
const undoWorld = (spec: object = undoSpec, first = undone()): RestoreWorld =>
  restoreWorld(makeRestore(spec, { name: 'away', uid: 'uid of away' }), { undone: first, room: false });

test('an undo gets the way to the copy, and the identity: its own, or that of the Restore that it undoes', (t) => {
  const own = { name: 'lent', key: 'identity' };
  for (const [spec, identity] of [
    [undoSpec, identitySecretRef],
    [{ ...undoSpec, source: { ...undoSpec.source, identitySecretRef: own } }, own],
  ] as const) {
    const world = undoWorld(spec);
    settle(world);
    t.regex(said(world.restore()) ?? '', /^Undone/);
    t.like(requests(world, 'Undo')[0], { tier: 'local', recover: { undoes: { uid: 'uid of back' }, copies: { tier: 'local', identity } } });
    t.deepEqual([world.volume(), world.replicas(), world.broken()], [{ data: 'old', aside: '', store: '' }, everything, []]);
  }
});

test('an undo that has nothing in the place of the data directory goes on for ever, whoever deletes or disturbs it, and starts nothing', (t) => {
  const world = undoWorld();
  until(world, ({ components }) => components?.[0]?.outcome === 'Running');
  world.running().forEach((name) => world.finish(name, 'fails half-way'));
  for (let hour = 0; hour < 20; hour += 1) {
    if (hour === 3) {
      world.remove();
    }
    world.running().forEach((name) => world.finish(name, hour % 2 === 0 ? 'fails for good' : 'dies half-way'));
    world.reconcile();
    world.pass(3_600_000);
  }
  t.deepEqual([world.replicas(), world.volume().data, world.broken()], [{ postgres: 0, web: 0 }, '', []]);
  t.truthy(world.restore());
  settle(world);
  t.deepEqual([world.restore(), world.replicas(), world.volume().data, world.broken()], [undefined, everything, 'old', []]);
});

test('an undo that fails before it has given anything up ends, and the restored data goes on', (t) => {
  const world = undoWorld();
  settle(world, (job) => (job.includes('undo') ? 'fails for good' : 'succeeds'));
  t.deepEqual([world.restore()?.status?.phase, world.replicas(), world.volume().data], ['Failed', everything, 'new']);
});

test('a tier that the policy has no more: the Job is given no way to it, and says where the copy lies', (t) => {
  const first = undone();
  const components = (first.status?.components ?? []).map((component) => ({ ...component, copy: { tier: 'moon', bytes: 9 } }));
  const world = undoWorld(undoSpec, { ...first, status: { ...first.status, components } });
  settle(world);
  t.is(requests(world, 'Undo')[0]?.recover?.copies, undefined);
  t.like(requests(world, 'Undo')[0], { tier: onlyDb.spec.tiers[0]?.name });
});

const observed = (restore: Restore, now: number) => ({
  now,
  restore,
  policy: onlyDb,
  namespaceTerminating: false,
  rivals: [],
  jobs: [],
  claims: [{ name: 'data-postgres-0', uid: 'claim' }],
  agentMajors: [17],
  hash,
});

test('after seven days a Job removes the copy, also where the claim is gone; a store that does not allow it is told of', (t) => {
  const first = undone();
  const restore: Restore = { ...first, status: { ...first.status, audit: { state: 'Written' } } };
  const late = start + 30 * 86_400_000;
  const jobs = (claims: { name: string; uid: string }[]) =>
    decideRestore({ ...observed(restore, late), claims }).actions.flatMap((action) => (action.type === 'createJob' ? action.job : []));
  t.like(jobs(observed(restore, late).claims)[0], {
    tier: 'local',
    recover: { mode: 'Discard', directory: { claimName: 'data-postgres-0' }, copies: { tier: 'local' } },
  });
  const [without] = jobs([]);
  t.like(without, { recover: { mode: 'Discard', copies: { tier: 'local' } } });
  t.is(without?.recover?.directory, undefined);
  const begun = decideRestore(observed(restore, late)).status;
  const ended = {
    name: without?.name ?? '',
    uid: 'j',
    ours: true,
    deleting: false,
    verb: 'recover' as const,
    attempt: 1,
    component: 'db',
    createdTime: late,
    state: {
      type: 'Ended' as const,
      endTime: late,
      started: true,
      result: {
        kind: 'result' as const,
        time: '2026-12-22T00:00:00Z',
        verb: 'recover' as const,
        mode: 'Discard' as const,
        component: 'db',
        attempt: 1,
        outcome: 'Failed' as const,
        category: 'Configuration' as const,
        code: 'AccessDenied',
        message: 'The store does not allow "DeleteObject".',
      },
    },
  };
  const { status } = decideRestore({ ...observed({ ...restore, status: begun }, late + 1000), jobs: [ended] });
  t.is(status.undo?.state, 'Available');
  t.regex(status.undo?.message ?? '', /It is kept longer: db: .*DeleteObject/);
});

// Whatever happens, and whenever the operator dies.
const rounds = fc.array(
  fc.record({
    crashAfter: fc.constantFrom(Infinity, Infinity, Infinity, 0, 1, 2),
    fate: fc.constantFrom<Fate | 'goes on'>(
      'succeeds',
      'succeeds',
      'succeeds',
      'goes on',
      'fails for good',
      'fails half-way',
      'dies half-way',
      'dies late',
    ),
    milliseconds: fc.constantFrom(1000, 15_000, 15_000, 700_000),
    drift: fc.integer({ min: 0, max: 25 }).map((dice) => dice === 0),
  }),
  { minLength: 5, maxLength: 40 },
);
const removedAt = fc.option(fc.integer({ min: 0, max: 30 }), { freq: 4 });

for (const [what, make] of [
  ['a restore', withoutRoom],
  ['an undo', undoWorld],
] as const) {
  test(`${what} without room: whatever fails and whoever dies, nothing is started on an empty place, and it ends whole`, (t) => {
    const ends = new Map<string, number>();
    const known = what === 'an undo' ? undone() : undefined;
    fc.assert(
      fc.property(rounds, removedAt, (some, removal) => {
        const world = known === undefined ? withoutRoom() : undoWorld(undoSpec, known);
        for (const [round, { crashAfter, fate, milliseconds, drift }] of some.entries()) {
          if (round === removal) {
            world.remove();
          }
          world.reconcile(crashAfter);
          // The line of a Job that has begun is seen before it is far enough to touch anything.
          world.reconcile();
          // Not covered: a Job that dies before anybody has seen a line of it.
          const seen = world.restore()?.status?.components?.some(({ away }) => away === true) === true;
          if (fate !== 'goes on') {
            world.running().forEach((name) => world.finish(name, fate.endsWith('half-way') && !seen ? 'dies early' : fate));
          }
          if (drift && world.volume().data !== '' && world.replicas()['postgres'] === 0 && !world.isAtWork()) {
            world.scale('postgres', 1);
          }
          world.pass(milliseconds);
        }
        settle(world);
        const { phase } = world.restore()?.status ?? {};
        ends.set(phase ?? 'gone', (ends.get(phase ?? 'gone') ?? 0) + 1);
        const { data } = world.volume();
        const over = world.restore() === undefined || phase === 'Complete' || phase === 'Failed';
        return over && data !== '' && world.broken().length === 0 && JSON.stringify(world.replicas()) === JSON.stringify(everything);
      }),
      { numRuns: 300 },
    );
    t.true((ends.get('Complete') ?? 0) > 20 && (ends.get('gone') ?? 0) > 5, `${make.name} ${JSON.stringify([...ends])}`);
  });
}
