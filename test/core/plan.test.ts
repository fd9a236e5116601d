// Schedules, names, durations, conditions.
import test from 'ava';
import * as fc from 'fast-check';
import { cut, setCondition } from '../../src/core/plan/conditions.ts';
import { copyState } from '../../src/core/plan/copy-state.ts';
import type { CopyInput } from '../../src/core/plan/copy-state.ts';
import { backupIdOf, jobName, labelValue, scheduledBackupName } from '../../src/core/plan/names.ts';
import { dueSlots, jitterOffset, newestSlot, nextSlot, scheduleProblem } from '../../src/core/plan/schedule.ts';
import { doubling, durationMilliseconds, isoTime, soonest } from '../../src/core/plan/time.ts';
import { makeJob } from './fixtures.ts';

const at = (text: string): number => Date.parse(text);
const iso = (instant: number | undefined): string | undefined => (instant === undefined ? undefined : new Date(instant).toISOString());
const utc = (cron: string) => ({ cron, timeZone: 'Etc/UTC' });
const berlin = (cron: string) => ({ cron, timeZone: 'Europe/Berlin' });

for (const [title, schedule, after, expected] of [
  ['a day', utc('0 2 * * *'), '2026-11-22T01:59:59.999Z', '2026-11-22T02:00:00.000Z'],
  ['the slot itself is past', utc('0 2 * * *'), '2026-11-22T02:00:00Z', '2026-11-23T02:00:00.000Z'],
  ['a time zone in winter', berlin('30 2 * * *'), '2026-11-22T00:00:00Z', '2026-11-22T01:30:00.000Z'],
  ['a time zone in summer', berlin('30 2 * * *'), '2026-07-22T00:00:00Z', '2026-07-22T00:30:00.000Z'],
  ['the hour that summer time skips: right after it', berlin('30 2 * * *'), '2026-03-29T00:00:00Z', '2026-03-29T01:00:00.000Z'],
  ['the day after the skipped hour', berlin('30 2 * * *'), '2026-03-29T01:00:00Z', '2026-03-30T00:30:00.000Z'],
  ['the hour that comes twice: the first', berlin('30 2 * * *'), '2026-10-25T00:00:00Z', '2026-10-25T00:30:00.000Z'],
  ['the hour that comes twice: not again', berlin('30 2 * * *'), '2026-10-25T00:30:00Z', '2026-10-26T01:30:00.000Z'],
  ['two fixed hours, one of them twice', berlin('30 2,14 * * *'), '2026-10-25T00:30:00Z', '2026-10-25T13:30:00.000Z'],
  ['every hour keeps its distance', berlin('0 * * * *'), '2026-10-25T00:00:00Z', '2026-10-25T01:00:00.000Z'],
  ['names of days', utc('0 2 * * MON-FRI'), '2026-11-20T03:00:00Z', '2026-11-23T02:00:00.000Z'],
] as const) {
  test(`next slot: ${title}`, (t) => {
    t.is(iso(nextSlot(schedule, at(after))), expected);
  });
}

test('the newest slot at an instant counts the instant itself', (t) => {
  t.is(iso(newestSlot(utc('0 2 * * *'), at('2026-11-22T02:00:00Z'))), '2026-11-22T02:00:00.000Z');
  t.is(iso(newestSlot(utc('0 2 * * *'), at('2026-11-22T01:59:59Z'))), '2026-11-21T02:00:00.000Z');
});

for (const [title, schedule, expected, since, now, slot, next] of [
  [
    'not yet',
    utc('0 2 * * *'),
    '2026-11-22T02:00:00Z',
    '2026-11-01T00:00:00Z',
    '2026-11-22T01:59:59Z',
    undefined,
    '2026-11-22T02:00:00.000Z',
  ],
  [
    'now',
    utc('0 2 * * *'),
    '2026-11-22T02:00:00Z',
    '2026-11-01T00:00:00Z',
    '2026-11-22T02:00:00Z',
    '2026-11-22T02:00:00.000Z',
    '2026-11-23T02:00:00.000Z',
  ],
  [
    'three were missed: one run, for the newest',
    utc('0 2 * * *'),
    '2026-11-20T02:00:00Z',
    '2026-11-01T00:00:00Z',
    '2026-11-22T09:00:00Z',
    '2026-11-22T02:00:00.000Z',
    '2026-11-23T02:00:00.000Z',
  ],
  [
    'a new policy does not catch up what was before it',
    utc('0 2 * * *'),
    undefined,
    '2026-11-22T02:30:00Z',
    '2026-11-22T09:00:00Z',
    undefined,
    '2026-11-23T02:00:00.000Z',
  ],
  [
    'a new policy catches up what came after it',
    utc('0 2 * * *'),
    undefined,
    '2026-11-21T12:00:00Z',
    '2026-11-22T09:00:00Z',
    '2026-11-22T02:00:00.000Z',
    '2026-11-23T02:00:00.000Z',
  ],
  [
    'a changed schedule forgets the slot of the old one',
    utc('0 5 * * *'),
    '2026-11-22T02:00:00Z',
    '2026-11-22T09:00:00Z',
    '2026-11-22T09:00:00Z',
    undefined,
    '2026-11-23T05:00:00.000Z',
  ],
  [
    'missed over the doubled hour: once',
    berlin('30 2 * * *'),
    '2026-10-25T00:30:00Z',
    '2026-10-01T00:00:00Z',
    '2026-10-25T05:00:00Z',
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ],
] as const) {
  test(`due slot: ${title}`, (t) => {
    const due = dueSlots({
      schedule,
      offset: 0,
      expected: expected === undefined ? undefined : at(expected),
      since: at(since),
      now: at(now),
    });
    t.deepEqual({ slot: iso(due.run), next: iso(due.next) }, { slot, next });
  });
}

test('walking through a year of summer and winter time, each day gets one run', (t) => {
  const schedule = berlin('30 2 * * *');
  let expected = nextSlot(schedule, at('2026-01-01T00:00:00Z'));
  const runs: number[] = [];
  for (let now = at('2026-01-01T00:00:00Z'); now < at('2027-01-01T00:00:00Z'); now += 37 * 60_000) {
    const { run, next } = dueSlots({ schedule, offset: 0, expected, since: 0, now });
    expected = next;
    if (run !== undefined) {
      runs.push(run);
    }
  }
  t.is(runs.length, 365);
  t.is(new Set(runs.map((run) => new Date(run).toLocaleDateString('en', { timeZone: 'Europe/Berlin' }))).size, 365);
});

test('what slots came in between is the same, however often one looks, and each gets at most one run', (t) => {
  const schedules = [utc('*/7 * * * *'), utc('0 2 * * *'), berlin('30 2 * * *'), berlin('0 * * * *'), utc('0 0 31 * *')];
  const minutes = fc.integer({ min: 1, max: 3 * 24 * 60 });
  fc.assert(
    fc.property(
      fc.constantFrom(...schedules),
      fc.nat(3600),
      fc.array(minutes, { minLength: 1, maxLength: 12 }),
      (schedule, offset, steps) => {
        const first = at('2026-03-27T00:00:00Z');
        let now = first;
        let expected = nextSlot(schedule, first);
        const seen: number[] = [];
        const runs: number[] = [];
        for (const step of steps) {
          now += step * 60_000;
          const due = dueSlots({ schedule, offset: offset * 1000, expected, since: first, now });
          seen.push(...due.came);
          runs.push(...(due.run === undefined ? [] : [due.run]));
          expected = due.next;
        }
        const once = dueSlots({ schedule, offset: offset * 1000, expected: nextSlot(schedule, first), since: first, now });
        t.deepEqual(seen, once.came);
        t.is(runs.length, new Set(runs).size);
        t.true(runs.every((run) => seen.includes(run) && run + offset * 1000 <= now));
      },
    ),
    { numRuns: Number(process.env['ROUNDS'] ?? 100) },
  );
});

test('jitter: stable, within its bounds, and spread', (t) => {
  const offsets = Array.from({ length: 200 }, (_, index) => jitterOffset('1h', (index * 2_654_435_761).toString(16).slice(-8)));
  t.true(offsets.every((offset) => offset >= 0 && offset < 3_600_000 && offset % 1000 === 0));
  t.true(new Set(offsets).size > 150);
  t.is(jitterOffset('1h', 'abcdef01'), jitterOffset('1h', 'abcdef01'));
  t.deepEqual([jitterOffset(undefined, 'ffffffff'), jitterOffset('1s', 'ffffffff')], [0, 0]);
});

for (const [cron, timeZone, expected] of [
  ['0 2 * * *', 'Etc/UTC', undefined],
  ['61 2 * * *', 'Etc/UTC', /cannot be read: Invalid value for minute: 61/],
  ['0 2 * *', 'Etc/UTC', /cannot be read/],
  ['0 0 2 * * *', 'Etc/UTC', /cannot be read/],
  ['0 0 31 2 *', 'Etc/UTC', /never comes/],
  ['0 2 * * *', 'Mars/Olympus', /is no time zone/],
] as const) {
  test(`schedule problem: ${cron} in ${timeZone}`, (t) => {
    const problem = scheduleProblem({ cron, timeZone }, at('2026-11-22T00:00:00Z'));
    if (expected === undefined) {
      t.is(problem, undefined);
    } else {
      t.regex(problem ?? '', expected);
    }
  });
}

test('names are as they are written down', (t) => {
  t.is(scheduledBackupName('shop', 'Full', at('2026-11-22T02:00:00Z')), 'shop-full-202611220200');
  t.is(scheduledBackupName('shop', 'Incremental', at('2026-11-22T08:00:00Z')), 'shop-incremental-202611220800');
  t.is(backupIdOf(at('2026-11-22T02:00:00.900Z'), 'Full', '3f9a1c04'), '20261122T020000Z-full-3f9a1c04');
  t.is(jobName('shop', '3f9a1c04', 'dump-db', 1), 'shop-3f9a1c04-dump-db-1');
});

const nameOf = ({ policy, hash, component, attempt }: { policy: string; hash: string; component: string; attempt: number }): string =>
  jobName(policy, hash, `dump-${component}`, attempt);

test('every name of a Job is a name that Kubernetes takes, and differs where its parts differ', (t) => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/);
  const parts = fc.record({
    policy: label,
    hash: fc.stringMatching(/^[0-9a-f]{8}$/),
    component: fc.stringMatching(/^[a-z]{1,20}$/),
    attempt: fc.integer({ min: 1, max: 99_999 }),
  });
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      t.regex(nameOf(a), /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
      t.true(nameOf(a).length <= 63);
      const same = a.hash === b.hash && a.component === b.component && a.attempt === b.attempt;
      t.true(same || nameOf(a) !== nameOf(b));
    }),
  );
  t.is(
    labelValue('x'.repeat(64), () => '3f9a1c04'),
    `${'x'.repeat(54)}-3f9a1c04`,
  );
  t.is(
    labelValue('x'.repeat(63), () => t.fail('what is short enough needs no hash')),
    'x'.repeat(63),
  );
});

test('durations and waits', (t) => {
  t.is(durationMilliseconds('1h30m'), 5_400_000);
  t.is(durationMilliseconds('7d'), 604_800_000);
  t.is(durationMilliseconds('90s'), 90_000);
  t.is(isoTime(at('2026-11-22T02:00:00.999Z')), '2026-11-22T02:00:00Z');
  t.is(soonest(undefined, 5, 3, undefined), 3);
  t.is(soonest(undefined), undefined);
  t.is(soonest(-4, 2), 0);
  t.deepEqual(
    [1, 2, 3, 9].map((failures) => doubling(failures, 10, 100)),
    [10, 20, 40, 100],
  );
});

test('the time of a transition moves only with the status', (t) => {
  const wanted = { type: 'Ready', status: 'False', reason: 'Running', message: 'a' } as const;
  const first = setCondition([], wanted, { now: at('2026-11-22T02:00:00Z'), generation: 1 });
  const second = setCondition(first, { ...wanted, reason: 'Sealing', message: 'b' }, { now: at('2026-11-22T02:01:00Z'), generation: 2 });
  t.like(second[0], { reason: 'Sealing', message: 'b', lastTransitionTime: '2026-11-22T02:00:00Z', observedGeneration: 2 });
  const third = setCondition(second, { ...wanted, status: 'True' }, { now: at('2026-11-22T02:02:00Z'), generation: 2 });
  t.is(third[0]?.lastTransitionTime, '2026-11-22T02:02:00Z');
  t.is(third.length, 1);
  const long = setCondition([], { ...wanted, message: 'x'.repeat(5000) }, { now: 0, generation: 1 });
  t.true((long[0]?.message.length ?? 0) <= 1024);
});

test('a text is cut between characters, and half a character never gets into a status', (t) => {
  t.is(cut('abc', 3), 'abc');
  t.is(cut('abcd', 3), 'ab…');
  t.is(cut('a😀b', 3), 'a…');
  t.is(cut('a\ud83d', 3), 'a\ufffd');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (text, most) => {
      const short = cut(text, most);
      t.true(short.length <= most && short.isWellFormed());
      t.is(cut(short, most), short, 'cutting again changes nothing');
    }),
  );
});

const lagging = { name: 'cloud', state: 'Lagging', attempt: 2, nextAttemptTime: '2026-11-22T02:05:00Z', message: 'no route' } as const;
const copyNow = (now: string, given: Partial<CopyInput> = {}) =>
  copyState({
    tier: 'cloud',
    backupId: 'x',
    seenOnTier: false,
    jobs: [],
    deadlines: { startMilliseconds: 600_000, runMilliseconds: 600_000 },
    now: at(now),
    ...given,
  });

test('a copy whose Job was stopped and is gone keeps its number, its pause and its reason', (t) => {
  const early = copyNow('2026-11-22T02:04:00Z', { known: lagging });
  t.deepEqual(early, { status: lagging, againMilliseconds: 60_000 });
  t.deepEqual(copyNow('2026-11-22T02:05:00Z', { known: lagging }), { status: lagging, startAttempt: 3 });
  t.like(copyNow('2026-11-22T02:05:00Z', { known: lagging, seenOnTier: true }), { status: { state: 'Sealed' }, startAttempt: undefined });
  const third = makeJob({ name: 'copy-3', verb: 'copy', attempt: 3, createdTime: at('2026-11-22T02:05:00Z'), state: { type: 'Running' } });
  t.like(copyNow('2026-11-22T02:06:00Z', { known: lagging, jobs: [third] }), {
    status: { state: 'Copying', attempt: 3 },
    startAttempt: undefined,
  });
});
