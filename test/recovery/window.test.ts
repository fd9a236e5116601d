// The window that an inspection states is the one that the planning of a recovery accepts, at both edges and in every gap. Pure.
import test from 'ava';
import * as fc from 'fast-check';
import { lsnText } from '../../src/api/lsn.ts';
import type { ComponentEntry, Manifest } from '../../src/api/stored/backup.ts';
import { choosePoint } from '../../src/core/recovery/choose-point.ts';
import type { WalPoint } from '../../src/core/recovery/choose-point.ts';
import type { WalSource } from '../../src/core/recovery/wal-source.ts';
import { windowOf } from '../../src/core/recovery/window.ts';
import type { WindowBase, WindowInterval } from '../../src/core/recovery/window.ts';
import { at, contents, idAt, place, source, start } from './wal-histories.ts';
import type { Stretch } from './wal-histories.ts';

type Given = { minutes: number; timeline?: number };

const base = ({ minutes, timeline = 1 }: Given): WindowBase => ({
  backupId: idAt(minutes),
  systemIdentifier: 'sys',
  timeline,
  stop: place(minutes),
  commitsUntil: at(minutes),
  endTime: new Date(at(minutes)).toISOString(),
});

// The same backup as the planning of a recovery reads it.
const manifest = ({ minutes, timeline = 1 }: Given): Manifest => {
  const component: Partial<ComponentEntry> = {
    name: 'db',
    parent: null,
    artifacts: [{ name: 'base.tar', state: false, volumes: [] }],
    facts: {
      versions: {},
      postgresql: {
        systemIdentifier: 'sys',
        timeline,
        stopLsn: lsnText(place(minutes)),
        commitsUntil: new Date(at(minutes)).toISOString(),
      },
    },
    endTime: new Date(at(minutes)).toISOString(),
  };
  return { backupId: idAt(minutes), components: [component], failed: [] } as unknown as Manifest;
};

const accepts = (backups: readonly Given[], sources: readonly WalSource[], point: WalPoint, timeline?: number): boolean => {
  const ids = backups.map(({ minutes }) => idAt(minutes));
  const known = new Map(backups.map((each) => [idAt(each.minutes), { id: idAt(each.minutes), manifest: manifest(each) }]));
  const wish = timeline === undefined ? {} : { timeline };
  return choosePoint({ ids: ids.toSorted().toReversed(), known }, 'db', sources, wish, point).kind === 'chosen';
};
const timePoint = (milliseconds: number): WalPoint => ({ kind: 'time', text: '', micros: milliseconds * 1000, inclusive: true });
const lsnPoint = (lsn: bigint): WalPoint => ({ kind: 'lsn', lsn, inclusive: true });

const inMinutes = ({ timeline, from, to, fromMilliseconds, toMilliseconds, ...rest }: WindowInterval) => [
  timeline,
  Number(from) / 1000,
  Number(to) / 1000,
  ...[fromMilliseconds, toMilliseconds].map((time) => (time === undefined ? undefined : (time - start) / 60_000)),
  ...Object.values(rest),
];

const window = (backups: readonly Given[], sources: readonly WalSource[]) => {
  const { newest: _, present: _present, ...found } = windowOf(sources, backups.map(base));
  return { ...found, intervals: found.intervals.map(inMinutes), gaps: found.gaps.map(inMinutes) };
};

test('a window begins with the oldest backup that leads on, and ends with the newest mark', (t) => {
  const wal = [source([contents(1, [[0, 60]])])];
  const found = window([{ minutes: 20 }, { minutes: 10 }], wal);
  t.deepEqual(found.intervals, [[1, 10, 60, 10, 60]]);
  t.deepEqual(found.gaps, []);
  t.is(found.restorableMilliseconds, at(60));
  t.deepEqual(found.mark, { timeMilliseconds: at(60), lsn: place(60), timeline: 1 });
});

const leads = (backups: readonly Given[], sources: readonly WalSource[]) => window(backups, sources).leadsOn;

test('where a backup leads into the newest WAL, what comes behind it carries the window on; else nothing does', (t) => {
  const open = contents(1, [[0, 60]]);
  const expected = { lineageId: source([open]).lineageId, timeline: 1, to: place(60), fromMilliseconds: at(10) };
  t.deepEqual(leads([{ minutes: 20 }, { minutes: 10 }], [source([open])]), expected);
  t.is(leads([], [source([open])]), undefined, 'no backup');
  t.is(leads([{ minutes: 10 }], []), undefined, 'no WAL');
  const broken = contents(1, [
    [0, 20],
    [25, 60],
  ]);
  t.is(leads([{ minutes: 10 }], [source([broken])]), undefined, 'a gap before the newest WAL');
  t.is(leads([{ minutes: 10 }, { minutes: 30 }], [source([broken])])?.fromMilliseconds, at(30), 'a backup behind the gap');
  const ahead = { ...expected, to: place(61), fromMilliseconds: at(61) };
  t.deepEqual(leads([{ minutes: 10 }, { minutes: 62 }, { minutes: 61 }], [source([broken])]), ahead, 'backups that end ahead of the WAL');
  t.is(leads([{ minutes: 62, timeline: 2 }], [source([open])]), undefined, 'one that is on another timeline');
});

test('a gap is between what can be recovered: it lasts until the next backup, and before the first one there is none', (t) => {
  const wal = [
    source(
      [
        contents(1, [
          [0, 20],
          [25, 40],
          [45, 60],
        ]),
      ],
      { gaps: [{ timeline: 1, from: lsnText(place(40)), reason: 'SlotLost' } as never] },
    ),
  ];
  // The WAL of minutes 25 to 30 is there, and no backup leads to it.
  t.deepEqual(window([{ minutes: 10 }, { minutes: 30 }], wal), {
    intervals: [
      [1, 10, 20, 10, 20],
      [1, 30, 40, 30, 40],
    ],
    gaps: [
      [1, 20, 30, 20, 30],
      [1, 40, 60, 40, undefined, 'SlotLost'],
    ],
    restorableMilliseconds: at(40),
    mark: { timeMilliseconds: at(60), lsn: place(60), timeline: 1 },
  });
  t.deepEqual(window([{ minutes: 50 }], wal).gaps, []);
  t.deepEqual(window([], wal), {
    intervals: [],
    gaps: [],
    mark: { timeMilliseconds: at(60), lsn: place(60), timeline: 1 },
  });
});

const failedOver = (heldTo: number, second: readonly Stretch[]) =>
  source([contents(1, [[0, heldTo]]), contents(2, second)], {
    ancestors: new Map([[2, [{ timeline: 1, end: place(30) }]]]),
  });

test('across a failover both timelines have their interval, and what was lost at the switch is a gap', (t) => {
  // What the old server wrote behind the switch can be recovered, too.
  t.deepEqual(window([{ minutes: 10 }], [failedOver(35, [[30, 60]])]).intervals, [
    [1, 10, 35, 10, 35],
    [2, 10, 60, 10, 60],
  ]);
  const lost = window([{ minutes: 10 }, { minutes: 50, timeline: 2 }], [failedOver(25, [[40, 60]])]);
  t.deepEqual(lost.intervals, [
    [1, 10, 25, 10, 25],
    [2, 50, 60, 50, 60],
  ]);
  t.deepEqual(lost.gaps, [[2, 25, 50, 25, 50]]);
  t.is(lost.restorableMilliseconds, at(60));
});

test('a backup that ends behind the last mark makes no window in time, and a new lineage without a backup leaves the old one', (t) => {
  const short = { ...contents(1, [[0, 60]]), marks: contents(1, [[0, 20]]).marks };
  t.deepEqual(window([{ minutes: 30 }], [source([short])]).intervals, [[1, 30, 60, undefined, undefined]]);
  const next = source([contents(1, [[20, 80]])], { lineageId: 'l2', createdTime: new Date(at(70)).toISOString() });
  const found = window([{ minutes: 10 }], [source([contents(1, [[0, 60]])]), next]);
  // Of the old one that counts which the server has in its past.
  t.is(found.restorableMilliseconds, at(20));
  t.is(found.mark?.timeMilliseconds, at(80));
});

// What is written after the undo begins where the timeline was left.
const shift = (lsn: bigint): bigint => lsn - place(20);

// Restored at minute 40 to how it was at minute 30, on timeline 2; and perhaps set back again at minute 60.
const restored = (isUndone: boolean) => {
  const first = contents(1, [[0, 40]], isUndone ? 90 : 40);
  const later = contents(1, [[60, 90]]);
  const afterwards = isUndone ? later : { objects: [], marks: [] };
  return source(
    [
      {
        ...first,
        objects: [...first.objects, ...afterwards.objects.map((each) => ({ ...each, from: shift(each.from), to: shift(each.to) }))],
        marks: [...first.marks, ...afterwards.marks.map((mark) => ({ ...mark, lsn: shift(mark.lsn) }))],
      },
      {
        ...contents(2, [[30, 48]], 60),
        marks: Array.from({ length: 18 }, (_, index) => ({ timeMilliseconds: at(42 + index), lsn: place(31 + index) })),
      },
    ],
    { ancestors: new Map([[2, [{ timeline: 1, end: place(30) }]]]) },
  );
};

test('after a restore in place and after its undo, what can be restored is of the history that the server lives now', (t) => {
  const backups = [{ minutes: 10 }, { minutes: 35 }, { minutes: 45, timeline: 2 }];
  const now = windowOf([restored(false)], backups.map(base));
  t.is(now.restorableMilliseconds, at(59));
  t.is(now.leadsOn?.timeline, 2);
  t.is(now.present, idAt(45));
  const undone = windowOf([restored(true)], backups.map(base));
  t.is(undone.restorableMilliseconds, at(90));
  t.is(undone.leadsOn?.timeline, 1);
  t.is(undone.mark?.timeline, 1);
  t.is(undone.present, idAt(35));
  // Without a way along the timeline that the server is on, what it shares with the other one is all there is.
  const { timelines, ...rest } = restored(false);
  const torn = { ...rest, timelines: timelines.map((each) => (each.timeline === 2 ? { ...each, ...contents(2, [[46, 48]], 60) } : each)) };
  t.is(windowOf([torn], [base({ minutes: 10 })]).restorableMilliseconds, at(30));
  const gone = windowOf([torn], [base({ minutes: 35 })]);
  t.deepEqual([gone.restorableMilliseconds, gone.present], [undefined, undefined]);
});

test('while a server is set back nobody knows what it has: the window has a gap there, and none where a recovery would go', (t) => {
  const backups = [{ minutes: 10 }, { minutes: 45, timeline: 2 }];
  for (const [isUndone, turns] of [
    [false, [[40, 42]]],
    [
      true,
      [
        [40, 42],
        [59, 60],
      ],
    ],
  ] as const) {
    const wal = [restored(isUndone)];
    const { gaps, intervals, restorableMilliseconds = 0 } = windowOf(wal, backups.map(base));
    const inTime = gaps.filter(({ reason }) => reason === 'OtherHistory');
    t.deepEqual(
      inTime.map(({ fromMilliseconds = 0, toMilliseconds = 0 }) => [
        (fromMilliseconds - start) / 60_000,
        (toMilliseconds - start) / 60_000,
      ]),
      turns.map((turn) => [...turn]),
    );
    const earliest = Math.min(...intervals.map(({ fromMilliseconds = Infinity }) => fromMilliseconds));
    for (let time = earliest; time <= restorableMilliseconds; time += 30_000) {
      const isGap = inTime.some(({ fromMilliseconds = 0, toMilliseconds = 0 }) => time > fromMilliseconds && time < toMilliseconds);
      t.is(accepts(backups, wal, timePoint(time)), !isGap, `minute ${(time - start) / 60_000}`);
    }
  }
});

test('between two lineages: from where the older one ends to the first backup of the newer one', (t) => {
  const older = source([contents(1, [[0, 60]])]);
  const newer = { ...source([contents(1, [[50, 90]])]), lineageId: 'l2', createdTime: new Date(at(65)).toISOString() };
  const shifted = {
    ...newer,
    timelines: newer.timelines.map((each) => ({
      ...each,
      marks: each.marks.map((mark) => ({ ...mark, timeMilliseconds: mark.timeMilliseconds + 20 * 60_000 })),
    })),
  };
  const backups = [base({ minutes: 10 }), { ...base({ minutes: 60 }), endTime: new Date(at(80)).toISOString(), commitsUntil: at(80) }];
  const found = windowOf([older, shifted], backups);
  t.deepEqual(found.gaps.map(inMinutes), [[1, 60, 60, 60, 80, 'OtherHistory']]);
  t.deepEqual(windowOf([older, shifted], [base({ minutes: 10 })]).gaps, []);
});

const histories = fc.record({
  backups: fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 5 }),
  holes: fc.uniqueArray(fc.integer({ min: 2, max: 97 }), { maxLength: 4 }),
  fork: fc.option(fc.integer({ min: 5, max: 95 }), { nil: undefined }),
});

const split = (from: number, to: number, holes: readonly number[]): Stretch[] => {
  const edges = [from, ...holes.filter((hole) => hole > from && hole + 1 < to).flatMap((hole) => [hole, hole + 1]), to];
  return edges.flatMap((edge, index): Stretch[] =>
    index % 2 === 0 && edge < (edges[index + 1] ?? 0) ? [[edge, edges[index + 1] ?? 0]] : [],
  );
};

test('any history: every instant and every place is accepted by a recovery exactly where the window says so', (t) => {
  fc.assert(
    fc.property(histories, ({ backups, holes, fork }) => {
      const sorted = holes.toSorted((a, b) => a - b);
      const given = backups.map((minutes) => ({ minutes, timeline: fork !== undefined && minutes > fork ? 2 : 1 }));
      const wal = [
        fork === undefined
          ? source([contents(1, split(0, 100, sorted))])
          : source([contents(1, split(0, fork, sorted)), contents(2, split(fork, 100, sorted))], {
              ancestors: new Map([[2, [{ timeline: 1, end: place(fork) }]]]),
            }),
      ];
      const { intervals, gaps } = windowOf(wal, given.map(base));
      for (const timeline of fork === undefined ? [1] : [1, 2]) {
        const own = intervals.filter((each) => each.timeline === timeline);
        for (let half = 0; half <= 210; half += 1) {
          const [time, lsn] = [at(half / 2), BigInt(half * 500)];
          const inTime = own.some(
            ({ fromMilliseconds: from, toMilliseconds: to }) => from !== undefined && to !== undefined && from <= time && time <= to,
          );
          t.is(accepts(given, wal, timePoint(time), timeline), inTime, `minute ${half / 2} of timeline ${timeline}`);
          t.is(
            accepts(given, wal, lsnPoint(lsn), timeline),
            own.some(({ from, to }) => from <= lsn && lsn <= to),
          );
        }
        // Nothing strictly inside of a gap is accepted.
        for (const gap of gaps.filter((each) => each.timeline === timeline)) {
          t.false(accepts(given, wal, lsnPoint((gap.from + gap.to) / 2n), timeline));
        }
      }
    }),
    { numRuns: 40 },
  );
});

const newest = (backups: readonly Given[], sources: readonly WalSource[]) => {
  const found = windowOf(sources, backups.map(base)).newest;
  return found && [found.timeline, Number(found.from) / 1000, Number(found.to) / 1000, found.isReached];
};

test('the newest WAL without a hole, and whether a backup leads into it', (t) => {
  const one = [source([contents(1, [[0, 60]])])];
  t.is(newest([], []), undefined);
  t.deepEqual(newest([], one), [1, 0, 60, false]);
  t.deepEqual(newest([{ minutes: 10 }], one), [1, 0, 60, true]);
  t.deepEqual(newest([{ minutes: 61 }], one), [1, 0, 60, true], 'the WAL has not come to its end yet');
  const torn = [
    source([
      contents(1, [
        [0, 20],
        [30, 60],
      ]),
    ]),
  ];
  t.deepEqual(newest([{ minutes: 10 }], torn), [1, 30, 60, false]);
  t.deepEqual(newest([{ minutes: 10 }, { minutes: 31 }], torn), [1, 30, 60, true]);
});
