// What is carried on from a reading, by what a receiver stored since, is what a later reading finds. Pure.
import test from 'ava';
import * as fc from 'fast-check';
import type { WindowLine } from '../../src/api/agent.ts';
import { lsnText } from '../../src/api/lsn.ts';
import { reportWindows } from '../../src/archive/inspection/windows.ts';
import { carriedWindow } from '../../src/core/policy/carried.ts';
import { at, contents, idAt, place, source } from './wal-histories.ts';
import type { Stretch } from './wal-histories.ts';

const iso = (minutes: number): string => new Date(at(minutes)).toISOString();

const judged = (minutes: number) => {
  const base = {
    systemIdentifier: 'sys',
    timeline: 1,
    stopLsn: lsnText(place(minutes)),
    endTime: iso(minutes),
    commitsUntil: iso(minutes),
  };
  return { id: idAt(minutes), verdict: 'Passed' as const, record: { components: [{ name: 'db', base }] } as never };
};

// What a reading prints that finds these backups and this WAL.
const read = (backups: readonly number[], stretches: readonly Stretch[]): WindowLine | undefined => {
  let line: WindowLine | undefined;
  const found = { sources: new Map([['db', [source([contents(1, stretches)])]]]), damaged: [] };
  const report = (printed: WindowLine): void => {
    line = printed;
  };
  reportWindows('cloud', found, backups.map(judged), new Set(backups.map(idAt)), { report } as never);
  return line;
};

// What the receiver has stored without a hole, up to its newest mark.
const archive = ([from, to]: Stretch) => {
  const [fromLsn, storedLsn] = [from, to].map((minutes) => lsnText(place(minutes)));
  return { component: 'db', tier: 'cloud', lineageId: 'l1', timeline: 1, fromLsn, storedLsn, storedTime: iso(to) } as never;
};

// What has an end in time. A status holds whole seconds.
const known = (window: WindowLine): unknown =>
  JSON.parse(
    JSON.stringify([
      window.restorableTo,
      ...[window.intervals, window.gaps].map((spans) => spans.filter(({ to }) => to !== undefined)),
    ]).replaceAll('.000Z', 'Z'),
  );

const cases = fc
  .record({
    lengths: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 3 }),
    backups: fc.uniqueArray(fc.integer({ min: 1, max: 130 }), { maxLength: 5 }),
    // Of the last stretch: what was stored when it was read, and what has come since.
    minutes: fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 30 })),
    // One that ends where the WAL had not come to yet, as a rule.
    behind: fc.integer({ min: 1, max: 10 }),
  })
  .map(({ lengths, backups, minutes: [stored, since], behind }) => {
    let begin = 0;
    const earlier = lengths.map((length): Stretch => {
      const stretch: Stretch = [begin, begin + length];
      begin += length + 2;
      return stretch;
    });
    const atReading = begin + stored;
    return { backups: [...new Set([...backups, atReading + behind])], earlier, from: begin, atReading, now: atReading + since };
  });

test('any history: a reading that is carried on is the same as a later one', (t) => {
  let ahead = 0;
  fc.assert(
    fc.property(cases, ({ backups, earlier, from, atReading, now }) => {
      const before = read(backups, [...earlier, [from, atReading]]);
      const later = read(backups, [...earlier, [from, now]]);
      if (before === undefined || later === undefined) {
        throw new Error('nothing was printed');
      }
      ahead += backups.some((minutes) => minutes > atReading && minutes <= now) ? 1 : 0;
      const carried = carriedWindow('cloud', before, [archive([from, now])]);
      t.deepEqual(known(carried), known(later));
    }),
    { numRuns: 500 },
  );
  t.true(ahead > 100, 'backups that ended where the WAL had not come to yet are among them');
});
