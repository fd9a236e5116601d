// One Full for WAL that no whole backup leads into: when it is asked for, and that it is asked for once. Pure.
import test from 'ava';
import * as fc from 'fast-check';
import type { WindowLine } from '../../src/api/agent.ts';
import type { WalArchiveStatus } from '../../src/api/wal-status.ts';
import { fullForWal } from '../../src/core/policy/full-for-wal.ts';
import type { PolicyObserved } from '../../src/core/policy/observed.ts';
import { hash, makePolicy, observedPolicy, start } from './fixtures.ts';
import { backup, complete, iso, minute } from './policy-cases.ts';
import { archivingSpec } from './slot-world.ts';

const hour = 60 * minute;
const line = (newest: Partial<NonNullable<WindowLine['newest']>> = {}, more: Partial<WindowLine> = {}): WindowLine => ({
  kind: 'window',
  tier: 'local',
  component: 'db',
  newest: { lineageId: 'l1', timeline: 1, fromLsn: '0/3000000', toLsn: '0/5000000', isReached: false, ...newest },
  intervals: [],
  gaps: [],
  ...more,
});
const entries: WalArchiveStatus[] = [{ component: 'db' }];
const interval = { timeline: 1, fromLsn: '0/1000000', toLsn: '0/2000000' };

type Given = {
  window?: WindowLine;
  spec?: object;
  archive?: WalArchiveStatus[];
  next?: { type: 'Full' | 'Incremental'; time: string }[];
  read?: number;
};
const ask = ({ window = line(), spec = {}, archive = entries, next, read = start }: Given = {}, more: Partial<PolicyObserved> = {}) => {
  const policy = makePolicy(archivingSpec({}, spec) as Parameters<typeof makePolicy>[0]);
  const catalogue = { local: { measuredTime: read, backups: 0, refused: 0, entries: [], windows: [window] } };
  return fullForWal(observedPolicy({ policy, catalogue, now: start + minute, ...more }), archive, next);
};
const name = `shop-full-wal-${hash('policy-uid db/l1/1/0/3000000')}`;

test('where no whole backup leads into the newest WAL, one Full is asked for, and the status says why', (t) => {
  const { actions, walArchive } = ask();
  const because = 'Asked for because the archive began: no whole backup leads into the WAL of db from 0/3000000 of timeline 1 on.';
  t.deepEqual(actions, [{ type: 'requestBackup', name, because }]);
  t.deepEqual(walArchive, [{ component: 'db', full: { place: 'l1/1/0/3000000', backup: name, time: iso(start + minute), because } }]);
  t.deepEqual(ask({ archive: walArchive, read: start + hour }, { now: start + 10 * hour }).actions, [], 'once');
});

for (const [title, given, more] of [
  ['a backup leads there', { window: line({ isReached: true }) }, {}],
  ['there is no WAL', { window: { ...line(), newest: undefined } as never }, {}],
  ['the tier was not read', {}, { catalogue: {} }],
  ['the policy is suspended', { spec: { suspend: true } }, {}],
  ['WAL is not archived any more', {}, { policy: makePolicy(archivingSpec({ mode: 'Off' }) as never) }],
  ['a Full runs', {}, { backups: [backup(22, {})] }],
  ['a Full of the schedule is due soon', { next: [{ type: 'Full', time: iso(start + 16 * minute) }] }, {}],
  ['a Full has ended since the tier was read', { read: start }, { backups: [complete(22)] }],
  [
    'another Full was asked for within the hour',
    { archive: [{ component: 'db', full: { place: 'l0/1/0/1', backup: 'b', time: iso(start - 58 * minute), because: '' } }] },
    {},
  ],
] as [string, Given, Partial<PolicyObserved>][]) {
  test(`none is asked for: ${title}`, (t) => {
    t.deepEqual(ask(given, more).actions, []);
  });
}

for (const [title, given, more] of [
  ['an Incremental runs', {}, { backups: [backup(22, {}, { type: 'Incremental' })] }],
  ['the Full of the schedule is due later', { next: [{ type: 'Full', time: iso(start + 17 * minute) }] }, {}],
  ['an Incremental is due soon', { next: [{ type: 'Incremental', time: iso(start + 2 * minute) }] }, {}],
  [
    'the last one was asked for an hour ago',
    { archive: [{ component: 'db', full: { place: 'l0/1/0/1', backup: 'b', time: iso(start - 59 * minute), because: '' } }] },
    {},
  ],
] as [string, Given, Partial<PolicyObserved>][]) {
  test(`one is asked for although ${title}`, (t) => {
    t.is(ask(given, more).actions.length, 1);
  });
}

for (const [title, window, text] of [
  ['a gap', line({}, { intervals: [interval], gaps: [{ ...interval, reason: 'Suspended' }] }), /because of a gap \(Suspended\)/],
  ['a gap of an unknown reason', line({}, { intervals: [interval], gaps: [interval] }), /because of a gap: /],
  ['another lineage', line({}, { intervals: [interval] }), /set back or replaced/],
] as const) {
  test(`the reason: ${title}`, (t) => {
    t.regex(ask({ window }).walArchive[0]?.full?.because ?? '', text);
  });
}

test('however readings and restarts come, and whatever becomes of the Backup, each place is asked for once, and no two within an hour', (t) => {
  // Each round: how much later, whether the archive broke meanwhile, whether a backup leads there, whether the operator dies before it has written the status.
  const round = fc.record({ minutes: fc.integer({ min: 1, max: 90 }), breaks: fc.boolean(), isReached: fc.boolean(), dies: fc.boolean() });
  fc.assert(
    fc.property(fc.array(round, { maxLength: 40 }), (rounds) => {
      let now = start;
      let place = 1;
      let archive = entries;
      const asked: { backup: string; time: number }[] = [];
      for (const { minutes, breaks, isReached, dies } of rounds) {
        now += minutes * minute;
        place += breaks ? 1 : 0;
        const window = line({ fromLsn: `0/${place.toString(16).toUpperCase()}000000`, isReached });
        const { actions, walArchive } = ask({ window, archive, read: now - 1000 }, { now });
        t.is(actions.length, walArchive === archive ? 0 : 1);
        if (!dies) {
          asked.push(...actions.flatMap((action) => (action.type === 'requestBackup' ? [{ backup: action.name, time: now }] : [])));
          archive = walArchive;
        } else if (actions.length > 0) {
          // What was made in vain has the name that it gets again.
          t.deepEqual(ask({ window, archive, read: now - 1000 }, { now: now + 1000 }).actions, actions);
        }
      }
      t.is(new Set(asked.map((each) => each.backup)).size, asked.length);
      t.true(asked.every(({ time }, at) => at === 0 || time - (asked[at - 1]?.time ?? 0) >= hour));
    }),
  );
});
