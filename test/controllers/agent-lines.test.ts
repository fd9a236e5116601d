// What agents print, as far as it is believed; and the operator's settings.
import test from 'ava';
import * as fc from 'fast-check';
import type { AgentResult, EntryLine, ProgressLine, WalLine, WindowLine } from '../../src/api/agent.ts';
import { backupTypes, wholeReasons } from '../../src/api/backup-type.ts';
import { categoryNames } from '../../src/api/categories.ts';
import { parseAgentLine, parseResult } from '../../src/controllers/jobs/agent-lines.ts';
import { majorsOf, readSettings, SettingsError } from '../../src/controllers/settings.ts';

const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }).map((date) => date.toISOString());
const amount = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const name = fc.stringMatching(/^[a-z]{1,20}$/);
const id = fc.stringMatching(/^[0-9TZa-f-]{1,64}$/);
const seconds = fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));

const progress: fc.Arbitrary<ProgressLine> = fc.record({
  kind: fc.constant('progress'),
  time,
  phase: fc.string({ maxLength: 40 }),
  bytes: amount,
});
const entry: fc.Arbitrary<EntryLine> = fc.record({
  kind: fc.constant('entry'),
  tier: name,
  backupId: id,
  type: fc.constantFrom(...backupTypes),
  slot: time,
  verdict: fc.constantFrom('Passed', 'Failed', 'Inconclusive'),
  bytes: amount,
  seconds,
  components: fc.array(fc.oneof(fc.record({ name, bytes: amount, restorableTo: time }), fc.record({ name, bytes: amount, parent: id })), {
    maxLength: 4,
  }),
  failed: fc.array(name, { maxLength: 4 }),
  verifiedTime: time,
});
const span = { timeline: fc.integer({ min: 1, max: 0xffff_ffff }), fromLsn: fc.constant('0/3000028'), toLsn: fc.constant('1/FFFFFFFF') };
const windowLine: fc.Arbitrary<WindowLine> = fc.record({
  kind: fc.constant('window'),
  tier: name,
  component: name,
  mark: fc.record({ time, lsn: span.fromLsn, timeline: span.timeline }),
  restorableTo: time,
  leadsOn: fc.record({ lineageId: id, timeline: span.timeline, toLsn: span.toLsn, from: time }),
  intervals: fc.array(fc.oneof(fc.record({ ...span, from: time, to: time }), fc.record(span)), { maxLength: 4 }),
  olderIntervals: amount,
  gaps: fc.array(fc.oneof(fc.record({ ...span, from: time, reason: name }), fc.record(span)), { maxLength: 4 }),
  olderGaps: amount,
});
const walLine: fc.Arbitrary<WalLine> = fc.record({
  kind: fc.constant('wal'),
  time,
  lineageId: id,
  timeline: span.timeline,
  fromLsn: span.fromLsn,
  storedLsn: span.toLsn,
  acknowledgedLsn: span.toLsn,
  markTime: time,
  trouble: fc.record({ code: name, message: fc.string({ maxLength: 1024 }), since: time }),
  followers: fc.array(
    fc.oneof(fc.record({ tier: name, storedLsn: span.toLsn, markTime: time }), fc.record({ tier: name, code: name, message: name })),
    { maxLength: 7 },
  ),
});
const base = {
  kind: fc.constant('result' as const),
  time,
  outcome: fc.constantFrom('Succeeded' as const, 'Failed' as const),
  category: fc.constantFrom(...categoryNames),
  message: fc.string({ maxLength: 1024 }),
  retryable: fc.boolean(),
  phases: fc.array(fc.record({ name, seconds }), { maxLength: 5 }),
};
const result: fc.Arbitrary<AgentResult> = fc.oneof(
  fc.record({
    ...base,
    verb: fc.constant('dump' as const),
    backupId: id,
    component: name,
    attempt: amount,
    bytes: amount,
    restorableTo: time,
    parent: id,
    whole: fc.record({ reason: fc.constantFrom(...wholeReasons), message: fc.string({ maxLength: 1024 }) }),
    verification: fc.record({ level: fc.constant('L2' as const), verdict: fc.constantFrom('Passed' as const, 'Failed' as const) }),
  }),
  fc.record({ ...base, verb: fc.constant('seal' as const), backupId: id, repositoryId: id, bytes: amount }),
  fc.record({ ...base, verb: fc.constant('copy' as const), backupId: id, bytes: amount }),
  fc.record({ ...base, verb: fc.constant('adopt' as const), repositoryId: id, epoch: amount, tiers: amount }),
  fc.record({ ...base, verb: fc.constant('audit' as const), attempt: amount, written: fc.boolean(), key: name, note: name }),
  fc.record({
    ...base,
    verb: fc.constant('inspect' as const),
    tier: name,
    backups: amount,
    refused: amount,
    writer: fc.record({ epoch: amount, clusterId: id, namespace: name, name, startTime: time, ours: fc.boolean() }),
    stored: fc.record({ dataBytes: amount, manifestBytes: amount, otherBytes: amount }),
    volume: fc.record({ capacityBytes: amount, freeBytes: amount }),
    abandoned: fc.record({ attempts: amount, bytes: amount }),
    unfinishedUploads: amount,
    verified: fc.record({ backups: amount, unverified: amount, readBytes: amount, newestTime: time, oldestTime: time }),
    damaged: fc.record({
      objects: amount,
      first: fc.array(fc.record({ key: name, code: name, message: fc.string({ maxLength: 300 }) }), { maxLength: 3 }),
    }),
    wal: fc.record({
      components: amount,
      refused: fc.record({
        verdict: fc.constantFrom('Failed' as const, 'Inconclusive' as const),
        code: name,
        message: fc.string({ maxLength: 300 }),
      }),
    }),
  }),
);
const line = fc.oneof(progress, entry, windowLine, walLine, result);

test('every line of the protocol is read as it was written', (t) => {
  fc.assert(fc.property(line, (written) => t.deepEqual(parseAgentLine(JSON.stringify(written)), written)));
  t.pass();
});

test('a result stands in a termination message, with space around it or none', (t) => {
  fc.assert(fc.property(result, (written) => t.deepEqual(parseResult(` ${JSON.stringify(written)}\n`), written)));
  fc.assert(
    fc.property(fc.oneof(progress, entry, windowLine, walLine), (written) => t.is(parseResult(JSON.stringify(written)), undefined)),
  );
  t.is(parseResult(undefined), undefined);
  t.is(parseResult(''), undefined);
});

// Nothing that is kept may be longer than what a status holds.
const withinLimits = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.length <= 1024
    : typeof value === 'number'
      ? value >= 0 && value <= Number.MAX_SAFE_INTEGER
      : typeof value === 'object' && value !== null
        ? Object.values(value).length <= 64 && Object.values(value).every(withinLimits)
        : typeof value === 'boolean' || value === undefined;

const garbage = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.json({ maxDepth: 4 }),
  // Right lines that somebody has meddled with.
  fc
    .tuple(
      line,
      fc.constantFrom(
        'time',
        'phase',
        'bytes',
        'backupId',
        'components',
        'message',
        'verdict',
        'phases',
        'code',
        'intervals',
        'gaps',
        'mark',
        '__proto__',
      ),
      fc.jsonValue(),
    )
    .map(([written, field, value]) => JSON.stringify({ ...written, [field]: value })),
  fc.tuple(line, fc.nat(400)).map(([written, length]) => JSON.stringify(written).slice(0, length)),
  fc.tuple(line, fc.nat(400), fc.string({ maxLength: 3 })).map(([written, at, more]) => {
    const text = JSON.stringify(written);
    return text.slice(0, at) + more + text.slice(at);
  }),
);

test('whatever a pod prints, nothing is thrown, and what is read keeps its limits', (t) => {
  fc.assert(
    fc.property(garbage, (text) => {
      const read = parseAgentLine(text);
      t.true(read === undefined || (['progress', 'entry', 'window', 'wal', 'result'].includes(read.kind) && withinLimits(read)));
    }),
    { numRuns: Number(process.env['ROUNDS'] ?? 3000) },
  );
});

const right = { kind: 'result', time: '2026-11-22T02:01:00Z', outcome: 'Failed', category: 'Source', verb: 'copy', backupId: 'x' };

for (const [title, change, isRead] of [
  ['as it is', {}, true],
  ['with more than we know', { somethingNew: { deep: [1] } }, true],
  ['with a long message, which is cut', { message: 'x'.repeat(100_000) }, true],
  ['of a verb that we do not know', { verb: 'burn' }, false],
  ['of a category that we do not know', { category: 'Weather' }, false],
  ['with a negative size', { bytes: -1 }, false],
  ['with a size that is no whole number', { bytes: 1.5 }, false],
  ['with a size beyond what numbers hold', { bytes: 1e300 }, false],
  ['with a time that is none', { time: 'yesterday' }, false],
  ['with a time that no calendar has', { time: '2026-02-30T00:00:00Z' }, false],
  ['without a backup', { backupId: undefined }, false],
  ['with an id of a mile', { backupId: 'x'.repeat(65) }, false],
  ['with phases without end', { phases: Array.from({ length: 65 }, () => ({ name: 'x', seconds: 1 })) }, false],
] as const) {
  test(`a result ${title} is ${isRead ? 'read' : 'passed over'}`, (t) => {
    const read = parseAgentLine(JSON.stringify({ ...right, ...change }));
    t.is(read !== undefined, isRead);
    t.true(withinLimits(read));
  });
}

test('logs and other lines are none of the protocol', (t) => {
  for (const text of [
    '',
    ' ',
    'hello',
    '[]',
    'null',
    '{"kind":"log","message":"\\"kind\\":\\"result\\""}',
    `x${JSON.stringify(right)}`,
    '{"kind":"result"',
  ]) {
    t.is(parseAgentLine(text), undefined, text);
  }
});

for (const [title, environment, expected] of [
  ['nothing is set', {}, { images: {}, healthPort: 8080, watchNamespace: undefined }],
  [
    'all is set',
    { AGENT_IMAGES: '{"17":"a:1","15":"b:1"}', HEALTH_PORT: '0', WATCH_NAMESPACE: 'shop' },
    { images: { 15: 'b:1', 17: 'a:1' }, healthPort: 0, watchNamespace: 'shop' },
  ],
  ['the namespace is empty', { WATCH_NAMESPACE: '' }, { images: {}, healthPort: 8080, watchNamespace: undefined }],
] as const) {
  test(`settings: ${title}`, (t) => {
    const { agentImages, healthPort, watchNamespace } = readSettings(environment);
    t.deepEqual({ images: Object.fromEntries(agentImages), healthPort, watchNamespace }, { ...expected, images: { ...expected.images } });
    t.deepEqual(majorsOf({ agentImages }), Object.keys(expected.images).map(Number));
  });
}

for (const [title, environment, expected] of [
  ['all of a cluster', {}, { name: 'holdfast' }],
  ['of one namespace', { WATCH_NAMESPACE: 'shop' }, { name: 'holdfast-shop' }],
  ['of a release', { WATCH_NAMESPACE: 'shop', LEASE_NAME: 'backup', LEASE_NAMESPACE: 'tools' }, { name: 'backup', namespace: 'tools' }],
  ['alone', { LEADER_ELECT: 'false', LEASE_NAME: 'backup' }, undefined],
] as const) {
  test(`settings: the Lease of operators ${title}`, (t) => {
    t.deepEqual(readSettings(environment).lease, expected);
  });
}

for (const [variable, value] of [
  ['LEADER_ELECT', 'yes'],
  ['LEASE_NAME', 'Holdfast'],
  ['LEASE_NAMESPACE', 'a/b'],
  ['AGENT_IMAGES', 'registry/agent:1'],
  ['AGENT_IMAGES', '{"seventeen":"a"}'],
  ['AGENT_IMAGES', '{"17":""}'],
  ['AGENT_IMAGES', '["a"]'],
  ['HEALTH_PORT', 'http'],
  ['HEALTH_PORT', '70000'],
  ['HEALTH_PORT', '-1'],
  ['WATCH_NAMESPACE', 'shop,store'],
  ['WATCH_NAMESPACE', 'x'.repeat(64)],
] as const) {
  test(`settings: ${variable} cannot be ${value.slice(0, 20)}`, (t) => {
    const error = t.throws(() => readSettings({ [variable]: value }), { instanceOf: SettingsError });
    t.true((error?.message ?? '').startsWith(variable));
    t.true((error?.message ?? '').includes(value));
  });
}
