// Where a WAL receiver goes on, by what the archive holds and what the server says of itself.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { lsnText } from '../../src/api/lsn.ts';
import { decideStart } from '../../src/core/wal/start.ts';
import type { ArchivePlace, ServerPlace, StartDecision } from '../../src/core/wal/start.ts';

const mebibyte = 1024 ** 2;

const server = (changes: Partial<ServerPlace> = {}): ServerPlace => ({
  systemIdentifier: '7',
  segmentBytes: 16 * mebibyte,
  timeline: 1,
  flushed: 0x500_0000n,
  inRecovery: false,
  ancestors: [],
  ...changes,
});
const archived = (changes: Partial<ArchivePlace> = {}): ArchivePlace => ({
  lineageId: 'l',
  systemIdentifier: '7',
  segmentBytes: 16 * mebibyte,
  begin: { timeline: 1, lsn: 0x100_0000n },
  timeline: 1,
  to: 0x300_0100n,
  timelines: [{ timeline: 1, to: 0x300_0100n }],
  ...changes,
});
const parent = { lineageId: 'l', timeline: 1, lsn: '0/3000100' };
const forkedAt = (end: bigint) => [{ timeline: 1, end }];

const decides = (t: ExecutionContext, cases: readonly [ServerPlace, ArchivePlace | undefined, StartDecision][]): void => {
  for (const [found, archive, expected] of cases) {
    t.deepEqual(decideStart(found, archive, lsnText), expected);
  }
};

test('where a receiver goes on: in its lineage, in a new one, later, or nowhere', (t) => {
  const compare = { timeline: 1, to: 0x300_0100n, isRequired: false };
  decides(t, [
    [server(), undefined, { kind: 'begin', reason: 'FirstArchive' }],
    [server(), archived(), { kind: 'continue', legs: [{ timeline: 1, from: 0x300_0000n }], compare }],
    [server({ systemIdentifier: '8' }), archived(), { kind: 'foreign', archived: '7', found: '8' }],
    [server({ segmentBytes: mebibyte }), archived(), { kind: 'begin', reason: 'OtherSegmentSize', parent }],
    [server({ flushed: 0x300_0000n }), archived(), { kind: 'begin', reason: 'ServerBehindArchive', parent }],
    [server({ flushed: 0x300_0000n, inRecovery: true }), archived(), { kind: 'wait' }],
    // The rest of the old timeline, then the new one from the segment in which it begins.
    [
      server({ timeline: 2, ancestors: forkedAt(0x480_0000n) }),
      archived(),
      {
        kind: 'continue',
        legs: [
          { timeline: 1, from: 0x300_0000n, until: 0x480_0000n },
          { timeline: 2, from: 0x400_0000n },
        ],
        compare,
      },
    ],
    // Restored to before the archive begins: its past is not in there.
    [server({ timeline: 2, ancestors: forkedAt(0xff_ffffn) }), archived(), { kind: 'begin', reason: 'OtherHistory', parent }],
  ]);
});

// Timeline 1 up to 0/3000100, 2 from 0/2800000 on.
const restored = (changes: Partial<ArchivePlace> = {}): ArchivePlace =>
  archived({
    timeline: 2,
    to: 0x400_0000n,
    timelines: [
      { timeline: 1, to: 0x300_0100n },
      { timeline: 2, to: 0x400_0000n, ancestors: forkedAt(0x280_0000n) },
    ],
    ...changes,
  });

test('a server that was restored in place, one of which that was undone, and one that was restored again', (t) => {
  const later = { ...parent, timeline: 2, lsn: '0/4000000' };
  decides(t, [
    // The fork lies within what is archived: there the server must be of that history.
    [
      server({ timeline: 2, ancestors: forkedAt(0x280_0000n) }),
      archived(),
      {
        kind: 'continue',
        legs: [
          { timeline: 1, from: 0x300_0000n, until: 0x280_0000n },
          { timeline: 2, from: 0x200_0000n },
        ],
        compare: { timeline: 1, to: 0x280_0000n, isRequired: false },
      },
    ],
    // Undone: the archive goes on with timeline 1 where that ended, if its WAL is the server's.
    [
      server(),
      restored(),
      {
        kind: 'continue',
        legs: [{ timeline: 1, from: 0x300_0000n }],
        compare: { timeline: 1, to: 0x300_0100n, isRequired: true },
      },
    ],
    [server({ flushed: 0x300_0000n }), restored(), { kind: 'begin', reason: 'ServerBehindArchive', parent: later }],
    [server({ inRecovery: true }), restored(), { kind: 'wait' }],
    // And done once more, with the directory of the first restore.
    [
      server({ timeline: 2, ancestors: forkedAt(0x280_0000n) }),
      restored({ timeline: 1, to: 0x300_0100n }),
      {
        kind: 'continue',
        legs: [{ timeline: 2, from: 0x400_0000n }],
        compare: { timeline: 2, to: 0x400_0000n, isRequired: true },
      },
    ],
    // Restored again, to another place of timeline 1.
    [
      server({ timeline: 3, ancestors: forkedAt(0x210_0000n) }),
      restored(),
      {
        kind: 'continue',
        legs: [
          { timeline: 1, from: 0x300_0000n, until: 0x210_0000n },
          { timeline: 3, from: 0x200_0000n },
        ],
        compare: { timeline: 1, to: 0x210_0000n, isRequired: false },
      },
    ],
    // Two timelines of one number never share a lineage.
    [server({ timeline: 2, ancestors: forkedAt(0x290_0000n) }), restored(), { kind: 'begin', reason: 'OtherHistory', parent: later }],
    [
      server({ timeline: 3, ancestors: [...forkedAt(0x290_0000n), { timeline: 2, end: 0x500_0000n }] }),
      restored(),
      { kind: 'begin', reason: 'OtherHistory', parent: later },
    ],
    // Nothing of its way is archived.
    [
      server(),
      restored({ begin: { timeline: 2, lsn: 0x280_0000n }, timelines: restored().timelines.slice(1) }),
      { kind: 'begin', reason: 'ServerBehindArchive', parent: later },
    ],
  ]);
});
