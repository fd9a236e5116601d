// Where a WAL receiver goes on, by what the archive holds and what the server says of itself.
import test from 'ava';
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
  timeline: 1,
  to: 0x300_0100n,
  ancestors: [],
  ...changes,
});

test('where a receiver goes on: in its lineage, in a new one, later, or nowhere', (t) => {
  const parent = { lineageId: 'l', timeline: 1, lsn: '0/3000100' };
  const forked = [{ timeline: 1, end: 0x400_0000n }];
  const cases: [ServerPlace, ArchivePlace | undefined, StartDecision][] = [
    [server(), undefined, { kind: 'begin', reason: 'FirstArchive' }],
    [server(), archived(), { kind: 'continue', legs: [{ timeline: 1, from: 0x300_0000n }] }],
    [server({ systemIdentifier: '8' }), archived(), { kind: 'foreign', archived: '7', found: '8' }],
    [server({ segmentBytes: mebibyte }), archived(), { kind: 'begin', reason: 'OtherSegmentSize', parent }],
    [server({ flushed: 0x300_0000n }), archived(), { kind: 'begin', reason: 'ServerBehindArchive', parent }],
    [server({ flushed: 0x300_0000n, inRecovery: true }), archived(), { kind: 'wait' }],
    [
      server(),
      archived({ timeline: 2, ancestors: forked }),
      { kind: 'begin', reason: 'ServerBehindArchive', parent: { ...parent, timeline: 2 } },
    ],
    // The rest of the old timeline, then the new one from the segment in which it begins.
    [
      server({ timeline: 2, ancestors: [{ timeline: 1, end: 0x480_0000n }] }),
      archived(),
      {
        kind: 'continue',
        legs: [
          { timeline: 1, from: 0x300_0000n, until: 0x480_0000n },
          { timeline: 2, from: 0x400_0000n },
        ],
      },
    ],
    [
      server({ timeline: 2, ancestors: [{ timeline: 1, end: 0x400_0000n }] }),
      archived({ timeline: 2, ancestors: [{ timeline: 1, end: 0x410_0000n }] }),
      { kind: 'begin', reason: 'OtherHistory', parent: { ...parent, timeline: 2 } },
    ],
    // It left timeline 1 for 3, and the archive went on with 2.
    [
      server({ timeline: 3, ancestors: forked }),
      archived({ timeline: 2, ancestors: forked }),
      { kind: 'begin', reason: 'OtherHistory', parent: { ...parent, timeline: 2 } },
    ],
  ];
  for (const [found, archive, expected] of cases) {
    t.deepEqual(decideStart(found, archive, lsnText), expected);
  }
});
