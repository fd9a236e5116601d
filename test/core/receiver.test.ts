// WAL receivers: which Deployments there are, whether they archive, what the status and the condition say, and what that does for the RPO.
import test from 'ava';
import type { WalLine } from '../../src/api/agent.ts';
import type { BackupPolicy } from '../../src/api/objects.ts';
import type { PolicyDecision } from '../../src/core/policy/observed.ts';
import type { ReceiverFacts, ReceiverPod } from '../../src/core/receiver/facts.ts';
import { judgeReceiver } from '../../src/core/receiver/judge.ts';
import type { KnownVerdict } from '../../src/core/receiver/judge.ts';
import { isNews } from '../../src/core/receiver/news.ts';
import { archiveStatus } from '../../src/core/receiver/status.ts';
import { makePolicy, postgresql, start } from './fixtures.ts';
import { condition, decide, iso, message, minute } from './policy-cases.ts';
import { archived, at, hearing, line, lsn, receiver, second, withoutPlace } from './receiver-cases.ts';

const good: KnownVerdict = { state: 'Archiving', reason: 'WalArchived', message: '', since: at(-3600) };
const bad: KnownVerdict = { state: 'Failing', reason: 'SlotUnsafe', message: 'SlotUnsafe: as before', since: at(-3600) };
const begun: KnownVerdict = { state: 'Starting', reason: 'ReceiverStarting', message: 'x', since: at(-10) };
const failed = (code: string): ReceiverPod => ({
  state: 'Ended',
  message: 'It ended with exit code 78 and left no result.',
  result: {
    kind: 'result',
    time: at(0),
    verb: 'receive',
    component: 'db',
    outcome: 'Failed',
    category: 'Configuration',
    code,
    message: 'The next step.',
  },
});
const lasting = (code: string, seconds: number) => ({ trouble: { code, message: 'it is away', since: at(-5 - seconds) } });
const quiet = { aliveTime: start - 46 * second };

for (const [title, facts, before, expected, says] of [
  ['it is new', undefined, undefined, 'Starting ReceiverStarting'],
  ['its Deployment was deleted', undefined, good, 'Starting ReceiverStarting'],
  ['its Deployment is being made', undefined, begun, 'Starting ReceiverStarting'],
  ['its Deployment is made anew after a failure', undefined, bad, 'Failing SlotUnsafe', /as before/],
  ['its Deployment cannot be made', undefined, { ...begun, since: at(-46) }, 'Failing ReceiverCannotStart', /cannot be made/],
  ['the name is taken', receiver({ ours: false }), good, 'Failing ReceiverCannotStart', /Delete it/],
  ['scaled to 0', receiver({ scaledDown: true }), good, 'Failing ReceiverStopped', /--replicas=1/],
  ['all is well', hearing(line(-5)), begun, 'Archiving WalArchived'],
  ['well again', hearing(line(-5)), bad, 'Archiving WalArchived'],
  ['it has begun and has no place yet', hearing(withoutPlace(-5)), undefined, 'Starting ReceiverStarting'],
  ['started again after a failure: not well before it says so', receiver(), bad, 'Failing SlotUnsafe', /as before/],
  ['its pod is being replaced', receiver({ pod: { state: 'Waiting' } }), good, 'Archiving WalArchived'],
  ['its pod was killed a moment ago', receiver({ pod: { state: 'Ended', message: 'killed' } }), good, 'Archiving WalArchived'],
  ['a trouble that has just begun', hearing(line(-5, lasting('StoreUnavailable', 5))), good, 'Archiving WalArchived'],
  ['the store is away', hearing(line(-5, lasting('StoreUnavailable', 31))), good, 'Failing ArchiveStoreFailed', /it is away/],
  ['the server is away', hearing(withoutPlace(-5, lasting('SourceUnreachable', 31))), good, 'Failing SourceUnreachable'],
  ['a password that was changed', hearing(line(-5, lasting('AuthenticationFailed', 31))), good, 'Failing SourceRefused'],
  ['no newer mark', receiver({ heard: { line: line(-5), markSince: start - 181 * second } }), good, 'Failing WalBehind'],
  ['it hangs', hearing(line(-46), quiet), good, 'Failing ReceiverSilent', /rollout restart deployment shop-wal-db/],
  ['it was only heard late', hearing(line(-44), { aliveTime: start - 44 * second }), good, 'Archiving WalArchived'],
  [
    'no image',
    receiver({ ...quiet, pod: { state: 'Waiting', message: 'ErrImagePull: the image r/a:1 cannot be had. rpc error 1' } }),
    good,
    'Failing ReceiverCannotStart',
    /^ImagePullBackOff: the image r\/a:1 cannot be had\. Mend agent\.images/,
  ],
  [
    'no Secret',
    receiver({ ...quiet, pod: { state: 'Waiting', message: 'FailedMount: secret "login" not found' } }),
    good,
    'Failing ReceiverCannotStart',
    /Create the Secret "login"/,
  ],
  ['no pod', receiver({ ...quiet, pod: undefined } as never), good, 'Failing ReceiverCannotStart', /describe deployment/],
  ['killed again and again', receiver({ ...quiet, pod: { state: 'Ended', message: 'OOMKilled' } }), good, 'Failing ReceiverFailed', /OOM/],
  ['it refuses the server', receiver({ pod: failed('SlotUnsafe') }), good, 'Failing SlotUnsafe', /^SlotUnsafe: The next step\.$/],
  ['wal_level', receiver({ pod: failed('SourceMisconfigured') }), good, 'Failing SourceMisconfigured'],
  ['another database', receiver({ pod: failed('ForeignDatabase') }), good, 'Failing ForeignDatabase'],
  ['a standby that is waited for', receiver({ pod: failed('SynchronousStandby') }), good, 'Failing SynchronousStandby'],
  ['another writer', receiver({ pod: failed('WriterSuperseded') }), good, 'Failing WriterSuperseded'],
  ['what nobody foresaw', receiver({ pod: failed('InternalError') }), good, 'Failing ReceiverFailed'],
  ['told to stop', receiver({ pod: failed('Interrupted') }), good, 'Archiving WalArchived'],
] as [string, ReceiverFacts | undefined, KnownVerdict | undefined, string, RegExp?][]) {
  test(`a receiver: ${title}`, (t) => {
    const verdict = judgeReceiver(facts, before, start);
    t.is(`${verdict.state} ${verdict.reason}`, expected);
    t.regex(verdict.message, says ?? /^/);
    if (verdict.state === 'Failing') {
      t.true(verdict.message.length > 0);
    }
  });
}

test('it is looked at again before its silence means something; one that hangs is replaced after three minutes', (t) => {
  const look = (silentSeconds: number) => judgeReceiver(hearing(line(-5), { aliveTime: start - silentSeconds * second }), good, start);
  t.is(look(15).againMilliseconds, 30 * second);
  t.like(look(60), { reason: 'ReceiverSilent', againMilliseconds: 120 * second });
  t.is(look(60).hangs, undefined);
  t.like(look(180), { reason: 'ReceiverSilent', hangs: true });
  t.false(judgeReceiver(receiver({ aliveTime: start - 600 * second, pod: { state: 'Waiting' } }), good, start).hangs);
});

const actionsOf = ({ actions }: PolicyDecision): string[] =>
  actions.flatMap((action) =>
    action.type === 'createReceiver' ? [`create ${action.component}`] : action.type === 'deleteReceiver' ? [`delete ${action.uid}`] : [],
  );

const deletedPolicy = (policy: BackupPolicy): BackupPolicy => ({ ...policy, metadata: { ...policy.metadata, deletionTimestamp: at(0) } });

for (const [title, policy, receivers, expected] of [
  ['it is missing', archived(), [], ['create db']],
  ['it is there', archived(), [receiver()], []],
  ['it was made from another policy', archived(), [receiver({ upToDate: false })], ['delete deployment-uid']],
  ['it is on its way out', archived(), [receiver({ upToDate: false, deleting: true })], []],
  ['it hangs', archived(), [hearing(line(-200), { aliveTime: start - 200 * second })], ['delete deployment-uid']],
  ['Off', archived({}, { mode: 'Off' }), [receiver({ upToDate: false })], ['delete deployment-uid']],
  ['its slot is not on record yet', makePolicy({ components: [{ name: 'db', postgresql: { ...postgresql(), walArchive: {} } }] }), [], []],
  ['suspended for a while', archived({ suspend: true }, {}, { suspendedTime: at(-3000) }), [], ['create db']],
  [
    'suspended for more than an hour',
    archived({ suspend: true }, {}, { suspendedTime: at(-3601) }),
    [receiver()],
    ['delete deployment-uid'],
  ],
  ['the policy is being deleted', deletedPolicy(archived()), [receiver()], ['delete deployment-uid']],
  [
    'the policy cannot work as it is written: what runs stays',
    archived({ objectives: { rpo: '1h', warnAt: '2h' } }),
    [receiver({ upToDate: false })],
    [],
  ],
  ['nor is one made', archived({ objectives: { rpo: '1h', warnAt: '2h' } }), [], []],
  ['the component is gone', makePolicy(), [receiver({ upToDate: false })], ['delete deployment-uid']],
  ['one that is not ours stays', archived(), [receiver({ ours: false, upToDate: false })], []],
] as [string, BackupPolicy, ReceiverFacts[], string[]][]) {
  test(`the Deployment of a receiver: ${title}`, (t) => {
    t.deepEqual(actionsOf(decide({ policy, receivers })), expected);
  });
}

const onlyVolume = { tiers: [{ name: 'local', persistentVolumeClaim: { size: '1Gi' } }] };
const behind = [{ tier: 'cloud', storedLsn: lsn(16), markTime: at(-600), code: 'StoreUnavailable', message: 'no answer' }];
for (const [title, policy, receivers, expected, says] of [
  ['no archive', makePolicy(), [], undefined],
  ['not there yet', archived(), [], 'Unknown ReceiverStarting'],
  ['off-site acknowledges', archived({}, { acknowledge: ['cloud'] }), [hearing(line(-5))], 'True WalArchived'],
  ['only a volume acknowledges', archived(), [hearing(line(-5))], 'True AcknowledgedOnSite', /cloud follows a little later/],
  ['there is only a volume', archived(onlyVolume), [hearing(line(-5, { followers: [] }))], 'True AcknowledgedOnSite', /No tier is outside/],
  [
    'a tier does not follow',
    archived(),
    [hearing(line(-5, { followers: behind }))],
    'True TierBehind',
    /cloud .*StoreUnavailable: no answer/,
  ],
  ['suspended for long', archived({ suspend: true }, {}, { suspendedTime: at(-3601) }), [], 'Unknown Suspended'],
  ['it fails', archived(), [receiver({ pod: failed('SlotUnsafe') })], 'False SlotUnsafe', /^db: SlotUnsafe: The next step\.$/],
] as [string, BackupPolicy, ReceiverFacts[], string | undefined, RegExp?][]) {
  test(`ArchivingHealthy: ${title}`, (t) => {
    const decision = decide({ policy, receivers });
    t.is(condition(decision, 'ArchivingHealthy'), expected);
    t.regex(message(decision, 'ArchivingHealthy'), says ?? /^/);
  });
}

test('the condition goes with the last archive, and a restart of the operator writes nothing', (t) => {
  const first = decide({ policy: archived(), receivers: [hearing(line(-5))] });
  const again = decide({
    policy: archived({}, {}, first.status),
    receivers: [receiver({ aliveTime: start + 20 * second })],
    now: start + 20 * second,
  });
  t.deepEqual([again.status.walArchive, again.status.conditions], [first.status.walArchive, first.status.conditions]);
  const off = decide({ policy: archived({}, { mode: 'Off' }, first.status) });
  t.is(condition(off, 'ArchivingHealthy'), undefined);
  t.deepEqual(Object.keys(off.status.walArchive?.[0] ?? {}), ['component', 'slot'], 'only the slot is left, until it is dropped');
});

const place = { state: 'Archiving', reason: 'WalArchived', message: '' } as const;
const write = (before: ReturnType<typeof archiveStatus> | undefined, heard: WalLine, now = start) =>
  archiveStatus('db', before, place, { line: heard, tier: 'local' }, now);

test('a place moves the status about once a minute, and at once when anything else changes', (t) => {
  const first = write(undefined, line(0));
  t.like(first, { tier: 'local', fromLsn: lsn(16), storedLsn: lsn(64), storedTime: iso(start - 2 * second), heldSince: iso(start) });
  t.deepEqual(write(first, line(30, { storedLsn: lsn(80) }), start + 30 * second), first);
  t.is(write(first, line(60, { storedLsn: lsn(80) }), start + minute).storedLsn, lsn(80));
  t.deepEqual(write(first, line(40)), first, 'nothing was committed');
  t.is(write(first, line(50)).storedTime, iso(start + 48 * second));
  const hiccup = [{ tier: 'cloud', storedLsn: lsn(64), markTime: at(-100), code: 'StoreUnavailable', message: 'no answer' }];
  t.is(write(first, line(70, { followers: hiccup })).followers?.[0]?.problem, undefined, 'behind for less than three minutes');
  const late = write(first, line(200, { storedLsn: lsn(64), followers: behind }));
  t.regex(late.followers?.[0]?.problem ?? '', /^StoreUnavailable/);
  t.is(write(first, line(10, { timeline: 2 })).timeline, 2);
});

test('a stretch without a hole goes on over a restart of the receiver, and begins anew where a hole may be', (t) => {
  const first = write(undefined, line(0));
  const on = write(first, line(300, { fromLsn: lsn(60), storedLsn: lsn(128) }), start + 300 * second);
  t.like(on, { fromLsn: lsn(16), storedLsn: lsn(128), heldSince: iso(start) });
  for (const facts of [{ fromLsn: lsn(65) }, { lineageId: 'another' }, { timeline: 2 }]) {
    const of = (megabytes: number) =>
      write(first, line(300, { fromLsn: lsn(66), storedLsn: lsn(megabytes), ...facts }), start + 300 * second);
    t.deepEqual([of(65).heldSince, of(67).heldSince], [iso(start), iso(start + 300 * second)], JSON.stringify(facts));
  }
});

test('a decision looks again where the state of a receiver changed, or its mark moved for most of a minute', (t) => {
  t.true(isNews(undefined, line(0)));
  t.false(isNews(line(0), line(10, { storedLsn: lsn(80) })));
  t.true(isNews(line(0), line(45)));
  t.true(isNews(line(0), line(10, { timeline: 2 })));
  t.true(isNews(line(0), line(10, lasting('StoreUnavailable', 1))));
  t.false(isNews(line(0, lasting('StoreUnavailable', 1)), line(10, lasting('StoreUnavailable', 1))));
  t.true(isNews(line(0), line(10, { followers: [{ tier: 'cloud', code: 'AccessDenied', message: 'x' }] })));
});
