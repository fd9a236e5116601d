// Decisions on a Restore: its way to the end, its refusals, and the way back after anything that may happen.
import test from 'ava';
import * as fc from 'fast-check';
import type { Restore } from '../../src/api/objects.ts';
import { decideRestore } from '../../src/core/restore/decide.ts';
import { findCondition } from '../../src/core/plan/conditions.ts';
import { observed } from './restore-observed.ts';
import { identitySecretRef, inPlaceSpec, makeRestore, restoreWorld, settle, undoSpec } from './restore-world.ts';
import type { Fate, RestoreWorld } from './restore-world.ts';
import { start } from './fixtures.ts';

const everything = { postgres: 1, web: 3 };

const reasonOf = (restore: Restore | undefined): string | undefined => findCondition(restore?.status?.conditions, 'Succeeded')?.reason;
const messageOf = (restore: Restore | undefined): string => findCondition(restore?.status?.conditions, 'Succeeded')?.message ?? '';
const names = (world: RestoreWorld): string[] => world.requests().flatMap(({ recover }) => recover?.mode ?? []);

test('in place: planned, stopped, restored, started, asked; and what was there can be brought back', (t) => {
  const world = restoreWorld(makeRestore(inPlaceSpec));
  settle(world);
  const { status, metadata } = world.restore() ?? {};
  t.like(status, { phase: 'Complete', undo: { state: 'Available', components: ['db'] } });
  t.deepEqual(names(world), ['Plan', 'Restore', 'Check']);
  t.deepEqual([world.volume(), world.replicas(), world.broken()], [{ data: 'new', aside: 'old', store: '' }, everything, []]);
  t.deepEqual(
    status?.quiesce?.workloads.map(({ name, replicas }) => [name, replicas]),
    [
      ['web', 3],
      ['postgres', 1],
    ],
  );
  // Whoever reads the plan learns of it.
  t.deepEqual(status?.plan?.stops, ['Deployment web (3 replicas)', 'StatefulSet postgres (1 replica)']);
  t.deepEqual(metadata?.finalizers, []);
  t.regex(messageOf(world.restore()), /undo restore\/back -n shop/);
  t.deepEqual(status?.conditions?.map(({ type, status: is }) => `${type} ${is}`).toSorted(), [
    'RTOMet True',
    'Ready True',
    'Succeeded True',
  ]);
  const [restoring] = world.requests().filter(({ recover }) => recover?.mode === 'Restore');
  t.like(restoring?.recover, {
    directory: { claimName: 'data-postgres-0', path: 'pgdata', runAs: { user: 70, group: 70 } },
    planned: { hash: '0123456789abcdef' },
  });
});

test('the phases are the whole time: their sum is what was measured', (t) => {
  const world = restoreWorld(makeRestore(inPlaceSpec));
  settle(world);
  const { status } = world.restore() ?? {};
  const sum = (status?.phases ?? []).reduce((all, { seconds }) => all + seconds, 0);
  t.is(status?.rto?.measuredSeconds, sum);
  t.is(sum, (Date.parse(status?.endTime ?? '') - Date.parse(status?.startTime ?? '')) / 1000);
  t.deepEqual(
    status?.phases?.map(({ name }) => name),
    ['plan', 'quiesce', 'provision', 'fetch', 'resume', 'verify'],
  );
});

test('an undo stops, brings back, starts and asks; the Restore that was undone says so, and is undone once', (t) => {
  const first = restoreWorld(makeRestore(inPlaceSpec));
  settle(first);
  const undone = first.restore();
  const world = restoreWorld(makeRestore(undoSpec, { name: 'away', uid: 'uid of away' }), undone === undefined ? {} : { undone });
  settle(world);
  t.deepEqual([reasonOf(world.restore()), names(world)], ['Undone', ['Undo', 'Check']]);
  t.deepEqual([world.volume(), world.replicas(), world.broken()], [{ data: 'old', aside: '', store: '' }, everything, []]);
  t.like(world.requests()[0]?.recover, { undoes: { name: 'back', uid: 'uid of back' }, directory: { path: 'pgdata' } });
  const said = decideRestore({ ...observed(undone as Restore), undoneBy: 'away' });
  t.like(said.status.undo, { state: 'Undone', by: 'away' });
  const again = decideRestore({
    ...observed(makeRestore(undoSpec, { name: 'again', uid: 'x' })),
    undone: { ...(undone as Restore), status: said.status },
  });
  t.regex(messageOf({ ...(undone as Restore), status: again.status }), /undone already, by "away"/);
});

test('the policy goes away under a run: workloads get their replicas back, and one that had none is not stopped again', (t) => {
  const uid = 'u';
  const workloads = [
    { kind: 'Deployment' as const, name: 'web', uid, replicas: 3 },
    { kind: 'Deployment' as const, name: 'idle', uid, replicas: 0 },
    { kind: 'StatefulSet' as const, name: 'postgres', uid, replicas: 1 },
  ];
  const { policy: _, ...without } = observed(makeRestore(inPlaceSpec, {}, { stage: 'Quiescing', quiesce: { workloads } }));
  t.deepEqual(
    decideRestore(without).actions.map((action) => (action.type === 'scaleWorkload' ? `${action.name} ${action.to}` : action.type)),
    ['postgres 1', 'web 3'],
  );
  // Nothing starts while a pod may still put data in its place; one on a node that is lost holds nobody up for ever.
  const agents = [{ pod: 'shop-restore-db-1-x', component: 'db' }];
  const waits = decideRestore({ ...without, agents });
  t.deepEqual([waits.actions, waits.status.stage, waits.status.endTime, waits.againMilliseconds], [[], 'UndoResuming', undefined, 1000]);
  t.regex(messageOf({ ...without.restore, status: waits.status }), /back when pod shop-restore-db-1-x has ended/);
  const later = { ...without, agents, restore: { ...without.restore, status: waits.status } };
  t.is(decideRestore({ ...later, now: start + 60_000 }).actions.length, 0);
  t.is(decideRestore({ ...later, now: start + 660_000 }).actions.length, 2);
  t.is(decideRestore({ ...later, agents: [], now: start + 2000 }).status.phase, 'Failed');
});

test('a new claim of known size is restored into at once: no plan is waited for, nothing is stopped', (t) => {
  const world = restoreWorld(
    makeRestore({
      source: inPlaceSpec.source,
      components: [{ name: 'db', target: { volume: { size: '4Gi' } } }],
    }),
  );
  settle(world);
  t.deepEqual([names(world), world.claims()], [['Restore'], ['data-postgres-0', 'back-db']]);
  t.is(world.restore()?.status?.plan?.hash, '0123456789abcdef');
  t.is(world.restore()?.status?.undo, undefined);
});

test('a new claim whose size nobody knows: planned first; of a restore that fails nothing is left', (t) => {
  const world = restoreWorld(makeRestore({ source: inPlaceSpec.source }));
  settle(world, (job) => (job.includes('plan') ? 'succeeds' : 'fails for good'));
  t.deepEqual([names(world), reasonOf(world.restore())], [['Plan', 'Restore'], 'WALGap']);
  t.deepEqual(world.claims(), ['data-postgres-0']);
  const other = restoreWorld(
    makeRestore({ source: inPlaceSpec.source, components: [{ name: 'db', target: { volume: { claimName: 'data-postgres-0' } } }] }),
  );
  settle(other);
  t.deepEqual([reasonOf(other.restore()), names(other), other.claims()], ['ClaimExists', [], ['data-postgres-0']]);
});

test('an approval: nothing is done without it, nor with that of another plan; its time is in no phase', (t) => {
  const world = restoreWorld(makeRestore({ ...inPlaceSpec, requireApproval: true }));
  settle(world, undefined, 10);
  t.like(world.restore()?.status, { phase: 'AwaitingApproval', stage: 'Approving' });
  t.deepEqual([names(world), world.replicas()], [['Plan'], everything]);
  t.regex(messageOf(world.restore()), /plan restore\/back.*approve restore\/back/);
  const approved = (planHash: string) => {
    const was = world.restore() as Restore;
    return restoreWorld({ ...was, spec: { ...was.spec, approval: { planHash, approvedBy: 'eve' } } });
  };
  const wrong = approved('ffffffffffffffff');
  settle(wrong, undefined, 3);
  t.is(wrong.restore()?.status?.stage, 'Approving');
  const right = approved('0123456789abcdef');
  right.pass(3_600_000);
  settle(right);
  t.is(right.restore()?.status?.phase, 'Complete');
  t.true((right.restore()?.status?.rto?.measuredSeconds ?? 9999) < 3600);
});

test('refused before anything is done, each with its reason and the next step', (t) => {
  const cases: [string, object, RegExp][] = [
    ['ConfirmationMismatch', { ...inPlaceSpec, confirmation: 'shop/other' }, /confirmation: shop\/shop/],
    [
      'ComponentMissing',
      { ...inPlaceSpec, components: [{ name: 'mail', target: { inPlace: { claimName: 'data-postgres-0' } } }] },
      /it has db/,
    ],
    ['ConfigurationFailed', { ...inPlaceSpec, source: { ...inPlaceSpec.source, tier: 'moon' } }, /it has local, cloud/],
    ['NothingToUndo', undoSpec, /no Restore "back"/],
    [
      'WorkloadMissing',
      { ...inPlaceSpec, quiesce: { workloads: [{ kind: 'Deployment', name: 'nobody' }] } },
      /Deployment nobody.*not there/,
    ],
  ];
  for (const [reason, spec, words] of cases) {
    const world = restoreWorld(makeRestore(spec));
    settle(world, undefined, 5);
    t.is(reasonOf(world.restore()), reason);
    t.regex(messageOf(world.restore()), words);
    t.deepEqual([names(world), world.replicas(), world.restore()?.status?.phase], [[], everything, 'Failed'], reason);
  }
});

test('a server that is scaled up again in mid-restore: the old state is brought back', (t) => {
  const world = restoreWorld(makeRestore(inPlaceSpec));
  for (let round = 0; round < 20 && world.restore()?.status?.stage !== 'Restoring'; round += 1) {
    settle(world, undefined, 1);
  }
  world.scale('postgres', 1);
  world.reconcile();
  t.is(world.restore()?.status?.failure?.reason, 'ManagedByController');
  world.scale('postgres', 0);
  settle(world);
  t.deepEqual([reasonOf(world.restore()), world.replicas(), world.volume().data], ['ManagedByController', everything, 'old']);
});

test('nothing was put aside, and the restored server does not answer: it ends, says both, and everybody is back at work', (t) => {
  const world = restoreWorld(makeRestore({ ...inPlaceSpec, safetyBackup: 'Skip' }));
  settle(world, (job) => (job.includes('check') ? 'fails for good' : job.includes('undo') ? 'has nothing to undo' : 'succeeds'));
  t.deepEqual([world.restore()?.status?.phase, reasonOf(world.restore())], ['Failed', 'RollbackFailed']);
  t.regex(messageOf(world.restore()), /^db: it broke The restore had failed: db: it broke$/);
  t.is(names(world).filter((mode) => mode === 'Undo').length, 1);
  t.deepEqual([world.replicas(), world.broken()], [everything, []]);
});

const untilRestoring = (): RestoreWorld => {
  const world = restoreWorld(makeRestore(inPlaceSpec));
  for (let round = 0; round < 20 && world.restore()?.status?.components?.[0]?.begun !== true; round += 1) {
    world.running().forEach((name) => world.finish(name, 'succeeds'));
    world.reconcile();
  }
  return world;
};
const goOn = (world: RestoreWorld, seconds: number): void => {
  for (let second = 0; second < seconds; second += 1) {
    world.reconcile();
    world.pass(1000);
  }
};

test('a restore that is given up while its pod still writes: nothing is undone, and nobody started, before that has ended', (t) => {
  const world = untilRestoring();
  t.is(world.running().length, 1);
  world.scale('postgres', 1);
  world.reconcile();
  world.scale('postgres', 0);
  t.deepEqual([world.running(), world.restore()?.status?.stage], [[], 'UndoQuiescing']);
  goOn(world, 30);
  t.deepEqual([names(world).includes('Undo'), world.replicas()['postgres']], [false, 0]);
  settle(world);
  t.deepEqual([world.volume().data, world.replicas(), world.broken(), names(world).at(-1)], ['old', everything, [], 'Undo']);
});

test('the operator dies between a Job and the status that tells of it, and the Restore is deleted: what the Job does is undone', (t) => {
  const world = restoreWorld(makeRestore(inPlaceSpec));
  for (let round = 0; round < 20 && world.restore()?.status?.stage !== 'Restoring'; round += 1) {
    world.running().forEach((name) => world.finish(name, 'succeeds'));
    world.reconcile();
  }
  world.reconcile(1);
  t.deepEqual([world.running().length, world.restore()?.status?.components?.[0]?.begun], [1, undefined]);
  world.remove();
  settle(world);
  t.deepEqual([world.restore(), world.volume().data, world.replicas(), world.broken()], [undefined, 'old', everything, []]);
});

test('deleted, and nobody looked for ten minutes: an agent that still works is stopped before the workloads come back', (t) => {
  const world = untilRestoring();
  world.remove();
  world.pass(11 * 60_000);
  world.reconcile();
  t.deepEqual([world.running(), world.isAtWork(), world.replicas()], [[], true, { postgres: 0, web: 0 }]);
  settle(world);
  t.deepEqual([world.restore(), world.replicas(), world.broken()], [undefined, everything, []]);
});

test('a Job that somebody has deleted: the next attempt waits until its pod has ended', (t) => {
  const world = untilRestoring();
  world.running().forEach(world.lose);
  goOn(world, 35);
  t.deepEqual(world.running(), []);
  t.regex(world.restore()?.status?.components?.[0]?.message ?? '', /waits until pod \S+ of an earlier Job has ended/);
  goOn(world, 20);
  t.is(world.running().length, 1);
  settle(world);
  t.deepEqual([world.restore()?.status?.phase, world.volume().data, world.broken()], ['Complete', 'new', []]);
});

test('a rollback that cannot be: a person is asked, nothing is started on half of it, and it goes on being tried', (t) => {
  const world = restoreWorld(makeRestore(inPlaceSpec));
  settle(world, (job) => (job.includes('restore-') || job.includes('undo-') ? 'fails for good' : 'succeeds'), 40);
  t.deepEqual(
    [reasonOf(world.restore()), findCondition(world.restore()?.status?.conditions, 'Stalled')?.status, world.replicas()],
    ['RollbackFailed', 'True', { postgres: 0, web: 0 }],
  );
  settle(world);
  t.deepEqual([world.restore()?.status?.phase, reasonOf(world.restore()), world.replicas()], ['Failed', 'WALGap', everything]);
});

// Whatever happens, and whenever the operator dies: it ends, whole, with everybody back at work.
const fates = fc.constantFrom<Fate | 'goes on' | 'is deleted'>(
  'succeeds',
  'succeeds',
  'succeeds',
  'goes on',
  'is deleted',
  'fails for good',
  'fails for now',
  'dies early',
  'dies late',
);
const rounds = fc.array(
  fc.record({
    crashAfter: fc.constantFrom(Infinity, Infinity, Infinity, 0, 1, 2),
    fate: fates,
    milliseconds: fc.constantFrom(1000, 15_000, 15_000, 700_000),
    drift: fc.integer({ min: 0, max: 25 }).map((dice) => dice === 0),
  }),
  { minLength: 5, maxLength: 40 },
);
const removedAt = fc.option(fc.integer({ min: 0, max: 30 }), { freq: 4 });

for (const [what, spec] of [
  ['a restore in place', inPlaceSpec],
  [
    'a restore into a new claim',
    { source: { policyRef: { name: 'shop' }, latest: true, identitySecretRef }, components: [{ name: 'db' }] },
  ],
] as const) {
  test(`${what}: whatever fails and whoever dies, it ends whole, and the workloads are back`, (t) => {
    const inPlace = spec === inPlaceSpec;
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(rounds, removedAt, (some, removal) => {
        const world = restoreWorld(makeRestore(spec));
        let wasComplete = false;
        let sinceRemoval = 0;
        for (const [round, { crashAfter, fate, milliseconds, drift }] of some.entries()) {
          if (round === removal) {
            world.remove();
          }
          world.reconcile(crashAfter);
          wasComplete ||= world.restore()?.status?.phase === 'Complete';
          if (fate === 'is deleted') {
            world.running().forEach(world.lose);
          } else if (fate !== 'goes on') {
            world.running().forEach((name) => world.finish(name, fate));
          }
          if (drift && inPlace && world.replicas()['postgres'] === 0 && !world.isAtWork()) {
            world.scale('postgres', 1);
          }
          world.pass(milliseconds);
          sinceRemoval += removal !== null && round >= removal ? milliseconds : 0;
        }
        settle(world);
        const { phase } = world.restore()?.status ?? {};
        const { data } = world.volume();
        const made = world.claims().includes('back-db');
        wasComplete ||= phase === 'Complete';
        ends.set(phase ?? 'gone', (ends.get(phase ?? 'gone') ?? 0) + 1);
        // Ten minutes after it was deleted nobody is waited for any more: the data is whole, one way or the other.
        const letGo = world.restore() === undefined && sinceRemoval >= 600_000;
        const wanted = letGo || (wasComplete ? inPlace === (data === 'new') : data === 'old' && !made);
        const over = world.restore() === undefined || phase === 'Complete' || phase === 'Failed';
        return over && wanted && world.broken().length === 0 && JSON.stringify(world.replicas()) === JSON.stringify(everything);
      }),
      { numRuns: 400 },
    );
    t.true((ends.get('Complete') ?? 0) > 20 && (ends.get('Failed') ?? 0) > 20 && (ends.get('gone') ?? 0) > 5, JSON.stringify([...ends]));
  });
}
