// WAL as numbers: places and names, how it is cut into objects, which objects give it back, and what is known to be there.
import test from 'ava';
import * as fc from 'fast-check';
import { lsnBytes, lsnText, parseSegmentName, segmentName, segmentNames, segmentStart } from '../../src/api/lsn.ts';
import type { WalGap, WalPage } from '../../src/api/stored/wal.ts';
import { lineageOf, walObjectKey, walPageKey, walTailKey, walTailsPrefix } from '../../src/archive/layout.ts';
import { contentsOf, gapsOf, intervalsOf } from '../../src/core/wal/coverage.ts';
import { thinMarks } from '../../src/core/wal/marks.ts';
import type { Mark } from '../../src/core/wal/marks.ts';
import { asStored, bySegment, joinRanges, selectObjects } from '../../src/core/wal/objects.ts';
import type { Placed, Range } from '../../src/core/wal/objects.ts';
import { blockOf, nextPieceFrom } from '../../src/core/wal/pieces.ts';
import { reachableOf } from '../../src/core/wal/recoverability.ts';
import { isOnLine, isSamePast, parseHistory, wayTo } from '../../src/core/wal/timelines.ts';
import { recordEnd } from '../../src/engines/wal/server.ts';

const mebibyte = 1024 ** 2;
const segmentSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map((size) => size * mebibyte);
const anyLsn = fc.bigInt({ min: 0n, max: (1n << 56n) - 1n });
const anySize = fc.constantFrom(...segmentSizes);
const anyTimeline = fc.integer({ min: 1, max: 0xffff_ffff });

const object = (from: number | bigint, to: number | bigint): Placed => ({
  from: BigInt(from),
  to: BigInt(to),
  keyId: 'wal-db-1',
  bytes: 1,
  sha256: '0'.repeat(64),
});

test('an LSN and its text are one', (t) => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (lsn) => lsnBytes(lsnText(lsn)) === lsn));
  t.is(lsnText(0x1_0300_0028n), '1/3000028');
  t.throws(() => lsnBytes('3000028'), { instanceOf: RangeError });
});

test('the name of a segment tells timeline and place, for every size of segment', (t) => {
  fc.assert(
    fc.property(anyTimeline, anyLsn, anySize, (timeline, lsn, size) => {
      const parsed = parseSegmentName(segmentName(timeline, lsn, size), size);
      t.deepEqual(parsed, { timeline, start: segmentStart(lsn, size) });
    }),
  );
  // As the server's pg_walfile_name says.
  t.is(segmentName(1, 0x1_0300_0028n, 16 * mebibyte), '000000010000000100000003');
  t.is(segmentName(1, 0x1_0c00_0000n, 64 * mebibyte), '000000010000000100000003');
  t.is(segmentName(0xab, 0xffff_ffffn, mebibyte), '000000AB0000000000000FFF');
  t.deepEqual(segmentNames(1, 0xff00_0001n, 0x1_0000_0001n, 16 * mebibyte), ['0000000100000000000000FF', '000000010000000100000000']);
  for (const name of ['00000001000000010000001', '000000010000000100000100', '000000000000000100000003', '00000002.history']) {
    t.is(parseSegmentName(name, 16 * mebibyte), undefined, name);
  }
});

const tail = (to: bigint, time: string, count: number): string => walTailKey('l', 1, { to, time, count });

test('keys sort as places do, and a whole segment is called by its name', (t) => {
  const lineage = { lineageId: '20261122T020000Z-3f9a1c04', segmentBytes: 16 * mebibyte };
  const whole = walObjectKey(lineage, 1, { from: 0x300_0000n, to: 0x400_0000n, keyId: 'k' });
  t.is(whole, 'wal/20261122T020000Z-3f9a1c04/00000001/000000010000000000000003-k.zst.age');
  const piece = walObjectKey(lineage, 1, { from: 0x300_0000n, to: 0x300_0028n, keyId: 'k' });
  t.is(piece, 'wal/20261122T020000Z-3f9a1c04/00000001/pieces/000000010000000000000003/0000000003000000-0000000003000028-k.zst.age');
  t.is(lineageOf(piece), lineage.lineageId);
  t.is(lineageOf('data/x'), undefined);
  fc.assert(fc.property(anyLsn, anyLsn, (a, b) => walPageKey('l', 1, a) < walPageKey('l', 1, b) === a < b));
  const sorted = [tail(1n, '2026-11-22T02:00:09Z', 7), tail(2n, '2026-11-22T02:00:00Z', 9), tail(2n, '2026-11-22T02:00:00Z', 10)];
  t.deepEqual(sorted.toSorted(), sorted);
  t.true(sorted.every((key) => key.startsWith(walTailsPrefix('l', 1))));
});

// Some bytes of a block, flushed at random places: what the receiver does with pieces.
const anyFlushes = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9000 })), { minLength: 1, maxLength: 1200, size: 'max' })
  .map((steps) => steps.map(BigInt));

test('pieces never overlap, never leave a hole, and stay few', (t) => {
  let most = 0;
  fc.assert(
    fc.property(anyFlushes, (steps) => {
      let pieces: Range[] = [];
      let end = 0n;
      let written = 0n;
      let isChain = true;
      for (const step of steps) {
        const from = nextPieceFrom(pieces, 0n, end + step);
        pieces = [...pieces.filter((piece) => piece.to <= from), { from, to: end + step }];
        end += step;
        written += end - (pieces.at(-1)?.from ?? 0n);
        most = Math.max(most, pieces.length);
        isChain &&= pieces.every((piece, at) => piece.from === (pieces[at - 1]?.to ?? 0n) && piece.to > piece.from);
      }
      t.true(isChain);
      // Joining costs each byte a dozen writes at most.
      t.true(written <= 12n * end, `${written} written for ${end}`);
    }),
    { numRuns: 40, endOnFailure: true },
  );
  t.true(most >= 16 && most <= 64, `${most} pieces`);
});

test('a block is a whole segment, or 16 MiB of a large one', (t) => {
  fc.assert(
    fc.property(anyLsn, anySize, (lsn, size) => {
      const block = blockOf(lsn, size);
      t.true(block.from <= lsn && lsn < block.to);
      t.is(block.to - block.from, BigInt(Math.min(size, 16 * mebibyte)));
      t.is(segmentStart(block.from, size), segmentStart(block.to - 1n, size));
    }),
  );
});

// A tape of bytes, and objects that each hold a part of it; they may overlap and leave holes.
const tape = Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 37) % 251));
const anyObjects = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 299 }), fc.integer({ min: 1, max: 40 })), { maxLength: 25 })
  .map((cuts) => cuts.map(([from, length]) => object(from, Math.min(300, from + length))));

test('the objects chosen give the very bytes that were asked for, as far as any objects could', (t) => {
  fc.assert(
    fc.property(anyObjects, fc.integer({ min: 0, max: 299 }), fc.integer({ min: 0, max: 300 }), (objects, start, length) => {
      const wanted = { from: BigInt(start), to: BigInt(Math.min(300, start + length)) };
      const { parts, reached } = selectObjects(objects, wanted);
      const joined = Buffer.concat(
        parts.map(({ object: { from }, skip, take }) => tape.subarray(Number(from) + skip, Number(from) + skip + take)),
      );
      t.deepEqual(joined, tape.subarray(start, Number(reached)));
      const isHeld = (at: bigint): boolean => objects.some(({ from, to }) => from <= at && at < to);
      t.true(reached === wanted.to || !isHeld(reached));
      t.true(parts.every(({ object: { from, to }, skip, take }) => take > 0 && skip >= 0 && skip + take <= Number(to - from)));
      t.is(new Set(parts.map(({ object: one }) => one)).size, parts.length);
    }),
  );
});

test('joined ranges hold exactly what the single ones held', (t) => {
  fc.assert(
    fc.property(anyObjects, (objects) => {
      const joined = joinRanges(objects);
      for (let at = 0n; at < 300n; at += 1n) {
        const isIn = (ranges: readonly Range[]): boolean => ranges.some(({ from, to }) => from <= at && at < to);
        if (isIn(joined) !== isIn(objects)) {
          t.fail(`${at}`);
        }
      }
      t.true(joined.every(({ from }, at) => at === 0 || from > (joined[at - 1]?.to ?? 0n)));
    }),
  );
  t.deepEqual(
    [...bySegment([object(0, 5), object(mebibyte, mebibyte + 1), object(9, 10)], mebibyte).values()].map((of) => of.length),
    [2, 1],
  );
});

const anyMarks = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.constantFrom(0n, 0n, 1n, 7n)), { minLength: 1, maxLength: 60 })
  .map((steps) => {
    let timeMilliseconds = 0;
    let lsn = 1n;
    return steps.map(([time, place]): Mark => {
      timeMilliseconds += time * 1000;
      lsn += place;
      return { timeMilliseconds, lsn };
    });
  });

// Up to where WAL must be there, so that no commit answered before that time is missing; and the newest time that WAL up to a place vouches for.
const placeVouchedFor = (marks: readonly Mark[], time: number): bigint | undefined =>
  marks.find((mark) => mark.timeMilliseconds >= time)?.lsn;
const timeVouchedFor = (marks: readonly Mark[], lsn: bigint): number | undefined =>
  marks.findLast((mark) => mark.lsn <= lsn)?.timeMilliseconds;

test('thinned marks vouch for nothing that the others did not, and for the newest time', (t) => {
  fc.assert(
    fc.property(anyMarks, fc.integer({ min: 0, max: 6_000_000 }), (marks, time) => {
      const thin = thinMarks(marks, 60_000);
      t.true(thin.every((mark) => marks.includes(mark)));
      t.is(thin.at(-1), marks.at(-1));
      const full = placeVouchedFor(marks, time);
      const thinned = placeVouchedFor(thin, time);
      t.is(full === undefined, thinned === undefined);
      t.true(full === undefined || thinned === undefined || thinned >= full);
      const newest = marks.at(-1)?.lsn ?? 0n;
      t.is(timeVouchedFor(thin, newest), timeVouchedFor(marks, newest));
    }),
  );
  const idle = Array.from({ length: 1000 }, (_, at) => ({ timeMilliseconds: at * 60_000, lsn: 5n }));
  t.is(thinMarks(idle, 30_000).length, 2);
});

test('history files of the server are read, and others are not', (t) => {
  t.deepEqual(parseHistory('1\t0/3000148\tno recovery target specified\n\n2\t0/5000000\tbefore 2026-11-22 02:00:00+00\n'), [
    { timeline: 1, end: 0x300_0148n },
    { timeline: 2, end: 0x500_0000n },
  ]);
  for (const text of ['', '# nothing\n', 'one\t0/3000148\n', '2\t0/1\n1\t0/2\n', '1\t0\n', '1 0/3000148x\n']) {
    t.is(parseHistory(text), undefined, text);
  }
  const first = [{ timeline: 1, end: 10n }];
  t.true(isSamePast(first, [{ timeline: 1, end: 10n }]));
  t.false(isSamePast(first, [...first, { timeline: 2, end: 20n }]));
  t.false(isSamePast(first, [{ timeline: 1, end: 11n }]));
  t.true(isOnLine({ timeline: 1, lsn: 10n }, 2, first));
  t.false(isOnLine({ timeline: 1, lsn: 11n }, 2, first));
  t.true(isOnLine({ timeline: 2, lsn: 11n }, 2, first));
});

test('a history that names a timeline which was followed and never reached is read as what it was', (t) => {
  // Recovered along timeline 2, which forks off at 0/50, to a place before that.
  t.deepEqual(parseHistory('1\t0/50\tx\n2\t0/30\tx\n'), [{ timeline: 1, end: 0x30n }]);
  t.deepEqual(parseHistory('1\t0/50\tx\n2\t0/70\tx\n3\t0/60\tx\n'), [
    { timeline: 1, end: 0x50n },
    { timeline: 2, end: 0x60n },
  ]);
  t.deepEqual(parseHistory('1\t0/50\tx\n2\t0/70\tx\n4\t0/40\tx\n'), [{ timeline: 1, end: 0x40n }]);
});

test('the way from a backup to a timeline goes by the switch points, or there is none', (t) => {
  const ancestors = [
    { timeline: 1, end: 10n },
    { timeline: 2, end: 20n },
  ];
  t.deepEqual(wayTo(3, ancestors, { timeline: 1, lsn: 4n }), [
    { timeline: 1, from: 4n, to: 10n },
    { timeline: 2, from: 10n, to: 20n },
    { timeline: 3, from: 20n, to: undefined },
  ]);
  t.deepEqual(wayTo(3, ancestors, { timeline: 3, lsn: 25n }), [{ timeline: 3, from: 25n, to: undefined }]);
  t.is(wayTo(3, ancestors, { timeline: 1, lsn: 11n }), undefined);
  t.is(wayTo(3, ancestors, { timeline: 4, lsn: 1n }), undefined);
});

const page = (timeline: number, objects: Placed[], marks: [string, bigint][], end?: number): WalPage => ({
  schema: 'holdfast.dev/wal-page/v1',
  minReader: 1,
  repositoryId: 'r',
  key: 'k',
  epoch: 1,
  lineageId: 'l',
  createdTime: '2026-11-22T02:00:00.000Z',
  timeline,
  from: lsnText(objects[0]?.from ?? 0n),
  to: lsnText(objects.at(-1)?.to ?? 0n),
  objects: objects.map(asStored),
  marks: marks.map(([time, lsn]) => ({ time: `2026-11-22T02:${time}.000Z`, lsn: lsnText(lsn) })),
  keys: [],
  ...(end === undefined ? {} : { end: { lsn: lsnText(20n), nextTimeline: end } }),
});

const at = (time: string): number => Date.parse(`2026-11-22T02:${time}.000Z`);

test('intervals and gaps of a timeline follow from its pages, with the reason of a gap', (t) => {
  const documents = [
    page(
      1,
      [object(0, 10), object(10, 20)],
      [
        ['00:00', 5n],
        ['01:00', 20n],
      ],
    ),
    page(1, [object(32, 40)], [['09:00', 32n]]),
  ];
  const [contents] = contentsOf(documents);
  const intervals = contents === undefined ? [] : intervalsOf(contents);
  t.deepEqual(intervals, [
    { timeline: 1, from: 0n, to: 20n, fromMilliseconds: at('00:00'), toMilliseconds: at('01:00') },
    // The only mark is of its very beginning, which says nothing of what follows.
    { timeline: 1, from: 32n, to: 40n },
  ]);
  const gap = { timeline: 1, from: lsnText(20n), reason: 'SlotLost' } as WalGap;
  t.deepEqual(gapsOf(intervals, [gap]), [{ timeline: 1, from: 20n, to: 32n, reason: 'SlotLost', sinceMilliseconds: at('01:00') }]);
  t.deepEqual(gapsOf(intervals, [{ ...gap, timeline: 2 }])[0]?.reason, undefined);
});

test('what can be recovered: from a backup through all WAL behind it, over a switch of timelines, and not over a gap', (t) => {
  const timelines = contentsOf([
    page(
      1,
      [object(0, 10), object(10, 20)],
      [
        ['00:00', 8n],
        ['01:00', 12n],
        ['02:00', 20n],
      ],
      2,
    ),
    page(1, [object(40, 50)], [['09:00', 45n]]),
    page(
      2,
      [object(16, 30)],
      [
        ['05:00', 22n],
        ['06:00', 30n],
      ],
    ),
  ]);
  const histories = new Map([[2, [{ timeline: 1, end: 20n }]]]);
  const base = { backupId: 'a', timeline: 1, stop: 8n };
  t.deepEqual(reachableOf({ timelines, histories }, [base]), [
    { timeline: 1, from: 8n, to: 20n, fromMilliseconds: at('01:00'), toMilliseconds: at('02:00'), bases: ['a'] },
    { timeline: 2, from: 20n, to: 30n, fromMilliseconds: at('05:00'), toMilliseconds: at('06:00'), bases: ['a'] },
  ]);
  // Its WAL is not there.
  t.deepEqual(reachableOf({ timelines, histories }, [{ ...base, stop: 25n }]), []);
  t.deepEqual(
    reachableOf({ timelines, histories: new Map() }, [base]).map(({ timeline }) => timeline),
    [1],
  );
  t.deepEqual(
    reachableOf({ timelines, histories }, [base, { backupId: 'b', timeline: 1, stop: 41n }]).map(({ timeline, bases }) => [
      timeline,
      bases,
    ]),
    [
      [1, ['a']],
      [1, ['b']],
      [2, ['a']],
    ],
  );
});

test('a mark at the beginning of a page speaks of the record before it, and of no other', (t) => {
  const size = 16 * mebibyte;
  t.is(recordEnd(0x300_0028n, size), 0x300_0000n);
  t.is(recordEnd(0x300_2018n, size), 0x300_2000n);
  // Records that continue on a page and end there.
  for (const lsn of [0x300_2000n, 0x300_2020n, 0x300_2028n, 0x310_0028n, 0x300_0030n]) {
    t.is(recordEnd(lsn, size), lsn);
  }
  t.is(recordEnd(0x310_0028n, mebibyte), 0x310_0000n);
});
