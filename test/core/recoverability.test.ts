// What a policy says of the WAL in its tiers, and what that does for the objective.
import test from 'ava';
import type { EntryLine, WindowLine } from '../../src/api/agent.ts';
import { policyStatusSchema } from '../../src/api/policy.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { WalArchiveStatus } from '../../src/api/wal-status.ts';
import { decidePolicy } from '../../src/core/policy/decide.ts';
import type { TierCatalogue } from '../../src/core/policy/observed.ts';
import { archiveStatus } from '../../src/core/receiver/status.ts';
import { windowTexts } from '../../src/commands/status/window-texts.ts';
import { archiving, makePolicy, observedPolicy, start } from './fixtures.ts';

const minute = 60_000;
const at = (minutes: number): string => new Date(start + minutes * minute).toISOString();
const second = (minutes: number): string => `${at(minutes).slice(0, 19)}Z`;

const entry = (restorableMinutes: number): EntryLine => ({
  kind: 'entry',
  tier: 'local',
  backupId: '20261122T020000Z-full-3f9a1c04',
  type: 'Full',
  slot: at(0),
  verdict: 'Passed',
  bytes: 1,
  seconds: 1,
  components: ['db', 'stock'].map((name) => ({ name, bytes: 1, restorableTo: at(restorableMinutes) })),
  failed: [],
});

const span = (from: number, to: number, timeline = 1) => ({ timeline, fromLsn: '0/1', toLsn: '0/2', from: at(from), to: at(to) });
const window = (component: string, from: number, to: number, more: Partial<WindowLine> = {}): WindowLine => ({
  kind: 'window',
  tier: 'local',
  component,
  restorableTo: at(to),
  intervals: [span(from, to)],
  gaps: [],
  ...more,
});

const read = (windows?: WindowLine[], restorableMinutes = 1): TierCatalogue => ({
  measuredTime: start,
  backups: 1,
  refused: 0,
  entries: [entry(restorableMinutes)],
  ...(windows === undefined ? {} : { windows }),
});

const decide = (catalogue: Record<string, TierCatalogue | undefined>, status?: PolicyStatus): PolicyStatus => {
  const decision = decidePolicy(observedPolicy({ policy: makePolicy({}, status), catalogue, now: start + 60 * minute }));
  policyStatusSchema.parse(decision.status);
  return decision.status;
};

test('a policy can be restored to the newest instant that WAL leads to; one component without WAL holds it back', (t) => {
  const both = decide({ local: read([window('db', 2, 50), window('stock', 5, 40)]) });
  t.is(both.rpo?.restorableTime, second(40));
  t.is(both.rpo?.offsiteTime, undefined);
  t.like(both.recoverability, { tier: 'local', measuredTime: second(0), earliestTime: second(5), latestTime: second(40) });
  t.deepEqual(both.recoverability?.intervals, [
    { component: 'db', timeline: 1, from: second(2), to: second(50) },
    { component: 'stock', timeline: 1, from: second(5), to: second(40) },
  ]);
  t.is(decide({ local: read([window('db', 2, 50)]) }).rpo?.restorableTime, second(1));
  // A backup that is newer than all WAL counts.
  t.is(decide({ local: read([window('db', 2, 50), window('stock', 2, 50)], 55) }).rpo?.restorableTime, second(55));
});

test('off-site is what the tiers that are no volume hold', (t) => {
  const { rpo, recoverability } = decide({
    local: read([window('db', 2, 50), window('stock', 2, 50)]),
    cloud: read([window('db', 2, 30), window('stock', 2, 20)]),
  });
  t.deepEqual([rpo?.restorableTime, rpo?.offsiteTime, recoverability?.tier], [second(50), second(20), 'local']);
});

test('WAL that was not read is not said to be gone, and WAL that is gone is not said to be there', (t) => {
  const before = decide({ local: read([window('db', 2, 50), window('stock', 2, 50)]) });
  for (const unread of [undefined, read()]) {
    t.deepEqual(decide({ local: unread }, before).recoverability, before.recoverability);
  }
  t.is(decide({ local: read([]) }, before).recoverability, undefined);
  // Without the WAL, only the backup is promised.
  t.is(decide({ local: read() }, before).rpo?.restorableTime, second(1));
  t.is(decide({ local: read() }).recoverability, undefined);
  // A component of which the policy knows nothing.
  t.is(decide({ local: read([window('other', 2, 50)]) }).recoverability, undefined);
});

test('a window is never said to be larger than it is, and without a whole backup there is none', (t) => {
  const odd = [window('db', 2.001, 50.999)];
  t.like(decide({ local: read(odd) }).recoverability, { earliestTime: `${at(2).slice(0, 17)}01Z`, latestTime: second(50.999) });
  const { restorableTo: _, ...nowhere } = window('db', 0, 0, { intervals: [] });
  const none = decide({ local: read([nowhere]) }).recoverability;
  t.deepEqual([none?.earliestTime, none?.latestTime, none?.intervals], [undefined, undefined, []]);
  t.regex(windowTexts(none).join(), /^none: there is WAL on local, but no whole backup/);
});

test('the status stays small: the newest are kept, and those left out are counted', (t) => {
  const many = Array.from({ length: 50 }, (_, index) => span(index, index + 1, 4_000_000_000));
  const holes = many
    .slice(0, 20)
    .map((each) => ({ ...each, fromLsn: 'FFFFFFFF/FFFFFFFF', toLsn: 'FFFFFFFF/FFFFFFFF', reason: 'RetainedTooMuch' }));
  const status = decide({
    local: read(['db', 'stock'].map((name) => window(name, 0, 50, { intervals: many, gaps: holes, olderIntervals: 7, olderGaps: 1 }))),
  });
  const { intervals = [], gaps = [], olderIntervals, olderGaps } = status.recoverability ?? {};
  t.deepEqual([intervals.length, olderIntervals, gaps.length, olderGaps], [50, 64, 20, 22]);
  t.is(intervals.at(-1)?.to, second(50));
  t.true(JSON.stringify(status.recoverability).length < 12 * 1024);
});

test('in plain words: the window, its gaps, and what to do about one that has no end', (t) => {
  t.deepEqual(windowTexts(undefined), []);
  const whole = decide({ local: read([window('db', 2, 50)]) }).recoverability;
  t.deepEqual(windowTexts(whole), ['from 2026-11-22T02:02:00Z to 2026-11-22T02:50:00Z, from local, without a gap.']);
  const { to: _, ...open } = span(40, 45);
  const torn = decide({ local: read([window('db', 2, 40, { gaps: [{ ...span(10, 12), reason: 'SlotLost' }, open] })]) }).recoverability;
  const [first, ...rest] = windowTexts(torn);
  t.regex(first ?? '', /but for these gaps:$/);
  t.deepEqual(rest, [
    'db: nothing between 2026-11-22T02:10:00Z and 2026-11-22T02:12:00Z (LSN 0/1 to 0/2 of timeline 1, SlotLost).',
    'db: nothing after 2026-11-22T02:40:00Z, until a new Full backup was taken (LSN 0/1 to 0/2 of timeline 1).',
  ]);
});

test('a backup of a history that the server has left promises nothing', (t) => {
  const both = (more: Partial<WindowLine>) => [window('db', 2, 50, more), window('stock', 2, 50, more)];
  const present = { backupId: entry(55).backupId };
  // The newest backup is of minute 55: it counts where it is of the history that the server lives now.
  t.is(decide({ local: read(both({ present }), 55) }).rpo?.restorableTime, second(55));
  t.is(decide({ local: read(both({ present: {} }), 55) }).rpo?.restorableTime, second(50));
  const { restorableTo: _, ...nowhere } = window('db', 2, 50, { present: {} });
  t.is(decide({ local: read([nowhere, window('stock', 2, 50)], 55) }).rpo?.restorableTime, undefined);
});

test('a tier that was read before the server went to another timeline says nothing of what could be lost now', (t) => {
  const newest = { lineageId: 'l', timeline: 1, fromLsn: '0/1', toLsn: '0/2', isReached: true };
  const exposed = (lineageId: string, timeline: number) => {
    const status = { walArchive: [{ component: 'db', state: 'Archiving' as const, lineageId, timeline, tier: 'local' }] };
    const policy = makePolicy({ components: [archiving('db', 'Continuous')] }, status);
    const catalogue = { local: read([window('db', 2, 50, { newest })]) };
    const { conditions, rpo, tiers } = decidePolicy(observedPolicy({ policy, catalogue, now: start + 60 * minute })).status;
    const met = conditions?.find(({ type }) => type === 'RPOMet');
    return [met?.status, met?.reason, rpo?.restorableTime, tiers?.[0]?.restorableTime];
  };
  t.deepEqual(exposed('l', 1), ['True', 'RestorePointFresh', second(50), second(50)]);
  t.deepEqual(exposed('l', 2), ['Unknown', 'FactsStale', undefined, undefined]);
  t.deepEqual(exposed('another', 1), ['Unknown', 'FactsStale', undefined, undefined]);
});

test('a stretch of WAL stands in the status once something of it is stored: who reads the store then finds it', (t) => {
  const line = {
    kind: 'wal' as const,
    time: at(60),
    lineageId: 'l',
    fromLsn: '0/1',
    storedLsn: '0/2',
    acknowledgedLsn: '0/2',
    followers: [],
  };
  const healthy = { state: 'Archiving', reason: 'WalArchived', message: '' } as const;
  const on = (timeline: number, before?: WalArchiveStatus, markTime?: string) =>
    archiveStatus(
      'db',
      before,
      healthy,
      { line: { ...line, timeline, ...(markTime === undefined ? {} : { markTime }) }, tier: 'local' },
      start + 60 * minute,
    );
  t.is(on(1).timeline, undefined);
  const first = on(1, undefined, at(58));
  t.is(first.timeline, 1);
  t.is(on(2, first).timeline, 1);
  t.like(on(2, first, at(59)), { timeline: 2, heldSince: second(60) });
});
