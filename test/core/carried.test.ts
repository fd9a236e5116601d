// What WAL that was stored after a reading does for the restorable point and the window.
import test from 'ava';
import type { WalLine, WindowLine } from '../../src/api/agent.ts';
import type { PolicyObserved } from '../../src/core/policy/observed.ts';
import { start } from './fixtures.ts';
import { decide, iso, measured, message } from './policy-cases.ts';
import { archived, at, hearing, line, lsn, receiver, second, withoutPlace } from './receiver-cases.ts';

// The store was read a while ago: a backup led on to 32 MB.
const readAgo = 600;
const leadsOn = { lineageId: 'lineage', timeline: 1, toLsn: lsn(32), from: at(-3000) };
const windowOn = (tier: string, facts: Partial<WindowLine> = {}): WindowLine => ({
  kind: 'window',
  tier,
  component: 'db',
  restorableTo: at(-readAgo),
  leadsOn,
  intervals: [],
  gaps: [],
  ...facts,
});
const reading = (tier: string, facts?: Partial<WindowLine>) => ({ ...measured(-readAgo), backups: 1, windows: [windowOn(tier, facts)] });
const exposed = (heard: WalLine, facts: Partial<PolicyObserved> = {}, window?: Partial<WindowLine>) => {
  const catalogue = { local: reading('local', window), cloud: reading('cloud', window) };
  const { rpo } = decide({ policy: archived(), receivers: [hearing(heard)], catalogue, ...facts }).status;
  return [rpo?.restorableTime, rpo?.offsiteTime];
};
const asRead = iso(start - readAgo * second);

for (const [title, heard, expected, window] of [
  [
    'by its newest mark, and off-site by that of the tier that follows',
    line(-5, { followers: [{ tier: 'cloud', storedLsn: lsn(64), markTime: at(-65) }] }),
    [-7, -65],
  ],
  [
    'a tier that has not come as far as the backup leads',
    line(-5, { followers: [{ tier: 'cloud', storedLsn: lsn(31), markTime: at(-65) }] }),
    [-7, -readAgo],
  ],
  ['a hole before what is stored', line(-5, { fromLsn: lsn(33) }), [-readAgo, -readAgo]],
  ['another lineage', line(-5, { lineageId: 'another' }), [-readAgo, -readAgo]],
  ['another timeline', line(-5, { timeline: 2 }), [-readAgo, -readAgo]],
  ['no backup leads on', line(-5), [-readAgo, -readAgo], { leadsOn: undefined }],
  ['the mark is older than the backup', line(-5), [-readAgo, -readAgo], { leadsOn: { ...leadsOn, from: at(-6) } }],
  ['what was read is newer', line(-5, { markTime: at(-700), followers: [] }), [-readAgo, -readAgo]],
  ['nothing is heard', withoutPlace(-5), [-readAgo, -readAgo]],
] as [string, WalLine, [number, number], Partial<WindowLine>?][]) {
  test(`WAL that a receiver stored carries the restorable point on: ${title}`, (t) => {
    t.deepEqual(
      exposed(heard, {}, window),
      expected.map((seconds) => iso(start + seconds * second)),
    );
  });
}

const windowOf = (window: Partial<WindowLine>, heard = line(-5)) =>
  decide({ policy: archived(), receivers: [hearing(heard)], catalogue: { local: reading('local', window) } }).status.recoverability;
const interval = (from: number, to: string) => ({ component: 'db', timeline: 1, from: iso(start + from * second), to });

test('the window grows with what a receiver stored, also where the reading knew of no interval yet', (t) => {
  const span = { timeline: 1, fromLsn: lsn(16), toLsn: lsn(32), from: at(-5000), to: at(-readAgo) };
  const older = { ...span, toLsn: lsn(8), from: at(-9000), to: at(-8000) };
  const until = iso(start - 7 * second);
  t.deepEqual(windowOf({ intervals: [older, span] })?.intervals, [interval(-9000, iso(start - 8000 * second)), interval(-5000, until)]);
  t.like(windowOf({ intervals: [span] }), { earliestTime: iso(start - 5000 * second), latestTime: until });
  t.deepEqual(windowOf({})?.intervals, [interval(-3000, until)]);
  t.deepEqual(windowOf({ leadsOn: { ...leadsOn, from: at(-6) } })?.intervals, []);
  const open = { timeline: 1, fromLsn: lsn(8), toLsn: lsn(24), from: at(-8000) };
  const [closed] = windowOf({ intervals: [older], gaps: [open] })?.gaps ?? [];
  t.like(closed, { fromLsn: lsn(8), toLsn: lsn(32), to: iso(start - 3000 * second) }, 'it ends where the window begins again');
  t.deepEqual(windowOf({ intervals: [span] }, line(-5, { lineageId: 'another' }))?.intervals, [interval(-5000, asRead)]);
});

test('RPOMet says where the restorable point is known by WAL that no reading has seen yet', (t) => {
  const catalogue = { local: reading('local'), cloud: reading('cloud') };
  const carried = decide({ policy: archived(), receivers: [hearing(line(-5))], catalogue });
  t.regex(message(carried, 'RPOMet'), new RegExp(`, from local, by WAL that was stored since it was read at ${asRead}\\.`));
  t.notRegex(message(decide({ policy: archived(), catalogue }), 'RPOMet'), /by WAL/);
});

test('the tier that is written first is believed by its own name only, and a stale reading not at all', (t) => {
  const before = decide({ policy: archived(), receivers: [hearing(line(-5))] }).status;
  const changed = archived({}, { acknowledge: ['cloud'] }, before);
  t.deepEqual(exposed(withoutPlace(-5), { policy: changed, receivers: [receiver({ upToDate: false })] }).at(0), iso(start - 7 * second));
  const stale = { local: { ...reading('local'), measuredTime: start - 3 * 366 * 86_400 * second } };
  t.deepEqual(exposed(line(-5), { catalogue: stale }), [undefined, undefined]);
  t.true(asRead < at(0));
});
