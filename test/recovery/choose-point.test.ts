// Which backup and which WAL lead to a point, on any history of timelines and gaps; and what is said where none does. Pure.
import test from 'ava';
import * as fc from 'fast-check';
import { lsnText } from '../../src/api/lsn.ts';
import type { ComponentEntry, Manifest } from '../../src/api/stored/backup.ts';
import { chooseNewest, choosePoint } from '../../src/core/recovery/choose-point.ts';
import type { ChosenPoint, WalPoint } from '../../src/core/recovery/choose-point.ts';
import type { Catalogue } from '../../src/core/recovery/choose.ts';
import type { KnownBackup } from '../../src/core/recovery/known-backup.ts';
import type { Refusal } from '../../src/core/recovery/refusal.ts';
import type { WalSource } from '../../src/core/recovery/wal-source.ts';
import { microsText } from '../../src/core/recovery/wish.ts';
import { at, contents, idAt, place, source } from './wal-histories.ts';

const backup = (minutes: number, changes: { timeline?: number; parent?: string | null; system?: string } = {}): KnownBackup => {
  const id = idAt(minutes);
  const component: ComponentEntry = {
    name: 'db',
    engine: 'postgresql',
    attempt: 1,
    parent: changes.parent ?? null,
    keyId: 'k',
    keys: [],
    artifacts: [{ name: 'base.tar', state: false, volumes: [] }],
    facts: {
      versions: { postgresql: '17.11' },
      postgresql: {
        systemIdentifier: changes.system ?? 'sys',
        timeline: changes.timeline ?? 1,
        startLsn: lsnText(place(minutes)),
        stopLsn: lsnText(place(minutes)),
        commitsUntil: new Date(at(minutes)).toISOString(),
      },
    },
    startTime: '',
    endTime: new Date(at(minutes)).toISOString(),
    verification: { level: 'L2', verdict: 'Passed', time: '' },
  };
  return { id, manifest: { backupId: id, components: [component], failed: [] } as unknown as Manifest };
};

const catalogue = (...backups: KnownBackup[]): Catalogue => {
  const newest = backups.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  return { ids: newest.map(({ id }) => id), known: new Map(newest.map((each) => [each.id, each])) };
};

const timeOf = (minutes: number): WalPoint => ({ kind: 'time', text: '', micros: at(minutes) * 1000, inclusive: true });
const lsnOf = (minutes: number): WalPoint => ({ kind: 'lsn', lsn: place(minutes), inclusive: true });

const choose = (known: Catalogue, sources: WalSource[], point: WalPoint, more: { base?: string; timeline?: number } = {}) =>
  choosePoint(known, 'db', sources, more, point);

const baseOf = (choice: ReturnType<typeof choose> | ReturnType<typeof chooseNewest>): string =>
  choice.kind === 'chosen' ? (choice.chain.at(-1)?.manifest.backupId ?? '') : choice.kind === 'refusal' ? choice.code : choice.kind;

test('the newest backup before the point is taken, and the WAL behind it', (t) => {
  const known = catalogue(backup(10), backup(20), backup(30));
  const wal = [source([contents(1, [[0, 60]])])];
  for (const point of [timeOf, lsnOf]) {
    t.is(baseOf(choose(known, wal, point(25))), idAt(20));
    t.is(baseOf(choose(known, wal, point(30))), idAt(30));
    t.is(baseOf(choose(known, wal, point(60))), idAt(30));
    t.is(baseOf(choose(known, wal, point(25), { base: idAt(10) })), idAt(10));
    t.is(baseOf(choose(known, wal, point(9))), 'PointOutsideWindow');
    t.is(baseOf(choose(known, wal, point(61))), 'PointOutsideWindow');
    t.is(baseOf(choose(known, wal, point(15), { base: idAt(20) })), 'PointOutsideWindow');
  }
  const { replay } = choose(known, wal, timeOf(25)) as ChosenPoint;
  t.is(replay.target.kind === 'time' ? replay.target.text : '', microsText(at(25) * 1000));
  // What was flushed a mark earlier was certainly there.
  t.is(replay.atLeast, place(24));
});

test('a point in a gap is refused by name, with both sides of it and the nearest point before', (t) => {
  const known = catalogue(backup(10), backup(45));
  const wal = [
    source([
      contents(1, [
        [0, 30],
        [40, 60],
      ]),
    ]),
  ];
  for (const point of [timeOf(35), lsnOf(35)]) {
    const refused = choose(known, wal, point) as Refusal;
    t.is(refused.code, 'WALGap');
    t.regex(refused.message, new RegExp(`from LSN ${lsnText(place(30))} to ${lsnText(place(40))} of timeline 1`));
    t.deepEqual(
      refused.remedy.options,
      point.kind === 'time' ? { 'to-time': microsText(at(30) * 1000) } : { 'to-lsn': lsnText(place(30)) },
    );
  }
  t.is(baseOf(choose(known, wal, timeOf(30))), idAt(10));
  t.is(baseOf(choose(known, wal, timeOf(50))), idAt(45));
  // Behind the gap, before the first backup there: no backup leads to it.
  t.is(baseOf(choose(known, wal, timeOf(42))), 'PointOutsideWindow');
});

const failedOver = () =>
  source([contents(1, [[0, 35]]), contents(2, [[30, 60]])], {
    ancestors: new Map([[2, [{ timeline: 1, end: place(30) }]]]),
  });

test('across a failover the timeline is followed that the server was on', (t) => {
  const known = catalogue(backup(10));
  const wal = [failedOver()];
  const across = choose(known, wal, timeOf(45)) as ChosenPoint;
  t.is(across.replay.timeline, 2);
  t.deepEqual(
    across.replay.steps.map(({ timeline, from, to }) => [timeline, from, to]),
    [
      [1, place(10), place(30)],
      [2, place(30), undefined],
    ],
  );
  // The place 33 is on both: the server that lives has the one of timeline 2.
  t.is((choose(known, wal, lsnOf(33)) as ChosenPoint).replay.timeline, 2);
  t.is((choose(known, wal, timeOf(33), { timeline: 1 }) as ChosenPoint).replay.timeline, 1);
  // What lies before the fork is reached along the timeline that it is on: a server that follows another one would write a history that never was.
  for (const point of [timeOf(20), lsnOf(20)]) {
    t.is((choose(known, wal, point) as ChosenPoint).replay.timeline, 1);
    t.is((choose(known, wal, point, { timeline: 2 }) as ChosenPoint).replay.timeline, 2);
  }
});

test('what stands in the way is said: a timeline or a backup that does not lead to a point which can be reached', (t) => {
  const known = catalogue(backup(10), backup(40, { timeline: 2 }));
  const wal = [failedOver()];
  for (const [more, says, take] of [
    [{ timeline: 7 }, 'can be reached, but not on timeline 7.', ['timeline']],
    [{ base: idAt(40) }, `can be reached, but not from the backup ${idAt(40)}.`, ['base']],
    [{ base: idAt(40), timeline: 7 }, `can be reached, but not on timeline 7 from the backup ${idAt(40)}.`, ['timeline', 'base']],
  ] as const) {
    const refused = choose(known, wal, timeOf(20), more) as Refusal;
    t.is(refused.code, 'PointOutsideWindow');
    t.true(refused.message.endsWith(says), refused.message);
    t.deepEqual(
      Object.entries(refused.remedy.options ?? {}),
      take.map((name) => [name, undefined]),
    );
  }
  t.regex((choose(known, wal, timeOf(90), { timeline: 7 }) as Refusal).message, /is outside of what can be reached/);
});

const marksOf = (from: number, to: number, at0: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ timeMilliseconds: at(from + index), lsn: place(at0 + index) }));

// Restored at minute 40 to how it was at minute 30; minutes 42 to 60 are on timeline 2, and 62 to 90 on timeline 1 again.
const setBack = (isUndone: boolean) => {
  const first = contents(1, [[0, 40]], isUndone ? 90 : 40);
  const again = { from: place(40), to: place(70), keyId: 'k', bytes: 1, sha256: 'x' };
  return source(
    [
      isUndone ? { ...first, objects: [...first.objects, again], marks: [...first.marks, ...marksOf(62, 90, 41)] } : first,
      { ...contents(2, [[30, 50]], 60), marks: marksOf(42, 60, 31) },
    ],
    { ancestors: new Map([[2, [{ timeline: 1, end: place(30) }]]]) },
  );
};

test('after a restore in place each instant is of the history that the server lived then, and latest of the one it lives now', (t) => {
  const known = catalogue(backup(10));
  const timelineOf = (isUndone: boolean, point: WalPoint) => {
    const found = choose(known, [setBack(isUndone)], point);
    return found.kind === 'chosen' ? found.replay.timeline : found.kind;
  };
  for (const isUndone of [false, true]) {
    t.is(timelineOf(isUndone, timeOf(25)), 1);
    t.is(timelineOf(isUndone, timeOf(37)), 1, 'what was undone');
    t.is(timelineOf(isUndone, timeOf(41)), 'refusal', 'while it was restored');
    t.is(timelineOf(isUndone, timeOf(50)), 2);
  }
  t.is(timelineOf(false, timeOf(61)), 'refusal');
  t.is(timelineOf(true, timeOf(61)), 'refusal');
  t.is(timelineOf(true, timeOf(80)), 1);
  for (const [isUndone, timeline, end] of [
    [false, 2, 50],
    [true, 1, 70],
  ] as const) {
    t.like(chooseNewest(known, 'db', [setBack(isUndone)], {}), { replay: { timeline, to: place(end) } });
    t.like(choose(known, [setBack(isUndone)], lsnOf(35)), { replay: { timeline } });
  }
  const refused = choose(known, [setBack(false)], timeOf(41)) as Refusal;
  t.regex(refused.message, /\(timeline 1\) and .* \(timeline 2\), when the server went from one history to another/);
  t.deepEqual(refused.remedy.options, { 'to-time': microsText(at(40) * 1000) });
});

test('latest is never of a history that the server has left without a word', (t) => {
  const { timelines, ...rest } = setBack(false);
  const torn = { ...rest, timelines: timelines.map((each) => (each.timeline === 2 ? contents(2, [[46, 50]], 60) : each)) };
  // Nothing leads into timeline 2: its past on timeline 1 is the newest point, and not what was undone.
  t.like(chooseNewest(catalogue(backup(10)), 'db', [torn], {}), { replay: { timeline: 1, to: place(30), latestMilliseconds: at(30) } });
  const next = source([contents(1, [[20, 80]])], { lineageId: 'l2', createdTime: new Date(at(70)).toISOString() });
  const older = chooseNewest(catalogue(backup(10)), 'db', [source([contents(1, [[0, 60]])]), next], {}) as ChosenPoint;
  t.is(older.replay.lineageId, 'l1');
  t.regex(older.notes.join(), /before the server was set back or replaced/);
});

test('a damaged backup is passed over where WAL gives the same point from an older one', (t) => {
  const wrong: KnownBackup = { id: idAt(20), wrong: { code: 'SignatureInvalid', message: 'It was changed.' } };
  const wal = [source([contents(1, [[0, 60]])])];
  t.is(baseOf(choose(catalogue(backup(10), wrong), wal, timeOf(25))), idAt(10));
  t.is(baseOf(chooseNewest(catalogue(backup(10), wrong), 'db', wal, {})), idAt(10));
  const broken = catalogue(backup(10), backup(20, { parent: 'gone' }));
  const chosen = choose(broken, wal, timeOf(25)) as ChosenPoint;
  t.is(baseOf(chosen), idAt(10));
  t.regex(chosen.notes.join(), /was passed over/);
  // Where nothing else leads there, it is named.
  t.regex((choose(catalogue(wrong), wal, timeOf(25)) as Refusal).message, /Not usable: .*It was changed/);
});

test('latest is the end of the WAL, or of a backup behind it; one that cannot be read and is newer than all WAL is not passed over', (t) => {
  const wal = [source([contents(1, [[0, 25]])])];
  t.like(chooseNewest(catalogue(backup(10), backup(20)), 'db', wal, {}), { replay: { target: { kind: 'end' }, to: place(25) } });
  const behind = chooseNewest(catalogue(backup(10), backup(40)), 'db', wal, {});
  t.is(baseOf(behind), idAt(40));
  t.false('replay' in behind);
  t.is(
    baseOf(chooseNewest(catalogue(backup(10), { id: idAt(40), wrong: { code: 'c', message: 'm' } }), 'db', wal, {})),
    'SourceVerificationFailed',
  );
  t.is(baseOf(chooseNewest(catalogue(backup(10)), 'db', [], {})), idAt(10));
});

test('another server’s backup, or one of before the lineage, is no way into its WAL', (t) => {
  const wal = [source([contents(1, [[0, 60]])])];
  t.is(baseOf(choose(catalogue(backup(10, { system: 'other' })), wal, timeOf(25))), 'PointOutsideWindow');
  // A copy that archives by itself has the same system identifier: what was backed up before it began belongs to the first one.
  const copy = source([contents(1, [[0, 60]])], { lineageId: 'l2', createdTime: new Date(at(15)).toISOString() });
  t.is((choose(catalogue(backup(10)), [...wal, copy], timeOf(25)) as ChosenPoint).replay.lineageId, 'l1');
  t.is((choose(catalogue(backup(20)), [...wal, copy], timeOf(25)) as ChosenPoint).replay.lineageId, 'l2');
});

test('only backups that may lead to the point are read, the newest first', (t) => {
  const all = [10, 20, 30, 200, 300].map((minutes) => backup(minutes));
  const { ids } = catalogue(...all);
  const wal = [source([contents(1, [[0, 400]])])];
  const choice = choosePoint({ ids, known: new Map() }, 'db', wal, {}, timeOf(25));
  // Slots are an hour behind at most.
  t.deepEqual(choice.kind === 'need' ? choice.ids : [], [30, 20, 10].map(idAt));
});

test('any history: what is chosen begins before the point, has all WAL up to it, and nothing is refused that has', (t) => {
  const history = fc.record({
    bases: fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 5 }),
    gaps: fc.uniqueArray(fc.integer({ min: 5, max: 95 }), { maxLength: 3 }),
    point: fc.integer({ min: 0, max: 110 }),
  });
  t.notThrows(() =>
    fc.assert(
      fc.property(history, ({ bases, gaps, point }) => {
        // Each gap is one minute long.
        const edges = [0, ...gaps.toSorted((a, b) => a - b).flatMap((gap) => [gap, gap + 1]), 100];
        const stretches = edges
          .flatMap((from, index): [number, number][] => (index % 2 === 0 ? [[from, edges[index + 1] ?? 100]] : []))
          .filter(([from, to]) => to > from);
        const known = catalogue(...bases.map((minutes) => backup(minutes)));
        const choice = choose(known, [source([contents(1, stretches)])], lsnOf(point));
        const usable = bases.filter((base) => stretches.some(([from, to]) => from <= base && base <= point && point <= to));
        return usable.length === 0 ? choice.kind === 'refusal' : baseOf(choice) === idAt(Math.max(...usable));
      }),
      { numRuns: 300 },
    ),
  );
});
