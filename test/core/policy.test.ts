// Decisions on a BackupPolicy: whether it is valid, and its slots.
import test from 'ava';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { PolicyStatus } from '../../src/api/policy.ts';
import { isRecipient } from '../../src/core/policy/recipient.ts';
import { makePolicy, recipient, start } from './fixtures.ts';
import { armed, backup, backupsMade, condition, decide, iso, message, minute, nightly, withEncryption } from './policy-cases.ts';

for (const [title, policy, majors, expected, text] of [
  ['all is well', makePolicy(), [17], 'True Armed', /valid/],
  ['suspended', makePolicy({ suspend: true }), [17], 'True Suspended', /suspend/],
  [
    'a wrong letter in a recipient',
    withEncryption({ recipients: [`${recipient.slice(0, -1)}q`] }),
    [17],
    'False InvalidRecipient',
    /recipients\[0\].*checksum/,
  ],
  [
    'an RSA key',
    withEncryption({ verificationKeys: [{ id: '0123456789abcdef', key: `MCowBQYDK2VwAyEA${'!'.repeat(43)}=` }] }),
    [17],
    'False InvalidKey',
    /"0123456789abcdef" is no Ed25519/,
  ],
  [
    'a private key',
    withEncryption({
      verificationKeys: [{ id: '0123456789abcdef', key: 'MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f' }],
    }),
    [17],
    'False InvalidKey',
    /"0123456789abcdef"/,
  ],
  ['no image of that major', makePolicy(), [], 'False AgentImageMissing', /It has none/],
  [
    'a cron that cannot be read',
    makePolicy({ schedules: { full: { cron: '61 2 * * *' } } }),
    [17],
    'False InvalidSchedule',
    /schedules\.full.*minute/,
  ],
  [
    'a time zone that is none',
    makePolicy({ schedules: { full: { cron: '0 2 * * *', timeZone: 'Mars/X' } } }),
    [17],
    'False InvalidSchedule',
    /Mars\/X/,
  ],
] as const) {
  test(`validity: ${title}`, (t) => {
    const decision = decide({ policy, agentMajors: [...majors] });
    t.is(condition(decision, 'Ready'), expected);
    t.is(condition(decision, 'Stalled'), expected.startsWith('False') ? expected.replace('False', 'True') : undefined);
    t.regex(message(decision), text);
    t.is(decision.status.observedGeneration, 1);
    if (expected.startsWith('False')) {
      t.deepEqual(decision.actions, []);
    }
  });
}

test('slots: a run at its slot, named by it, and the next one stands in the status', (t) => {
  const decision = decide({ policy: nightly(armed('2026-11-22T02:00:00Z')) });
  t.deepEqual(backupsMade(decision), ['shop-full-202611220200 2026-11-22T02:00:00Z']);
  t.like(decision.status, { next: [{ type: 'Full', time: '2026-11-23T02:00:00Z' }], lastScheduleTime: '2026-11-22T02:00:00Z' });
  const withFacts = decide({ policy: nightly(armed('2026-11-22T02:00:00Z')), catalogue: {} });
  t.is(withFacts.againMilliseconds, 24 * 60 * minute);
});

test('slots: decided twice, it is the same run', (t) => {
  const observed = { policy: nightly(armed('2026-11-22T02:00:00Z')) };
  t.deepEqual(backupsMade(decide({ ...observed, now: start + minute })), backupsMade(decide(observed)));
  const after = nightly({ ...armed('2026-11-23T02:00:00Z'), lastScheduleTime: '2026-11-22T02:00:00Z' });
  t.deepEqual(backupsMade(decide({ policy: after, now: start + minute })), []);
});

test('slots: days without an operator are caught up by one run', (t) => {
  const decision = decide({ policy: nightly(armed('2026-11-18T02:00:00Z')), now: start + 60 * minute });
  t.deepEqual(backupsMade(decision), ['shop-full-202611220200 2026-11-22T02:00:00Z']);
});

test('slots: a new policy does not make up for what was before it', (t) => {
  const policy = nightly();
  policy.metadata.creationTimestamp = '2026-11-22T02:30:00Z';
  const decision = decide({ policy, now: start + 60 * minute });
  t.deepEqual([backupsMade(decision), decision.status.next?.[0]?.time], [[], '2026-11-23T02:00:00Z']);
});

test('slots: suspended nothing is made, and after that nothing is made up for', (t) => {
  const suspended = decide({ policy: nightly(armed('2026-11-20T02:00:00Z'), { suspend: true }) });
  t.deepEqual([backupsMade(suspended), suspended.status.next], [[], undefined]);
  const resumed = decide({ policy: nightly(suspended.status), now: start + 60 * minute });
  t.deepEqual([backupsMade(resumed), resumed.status.next?.[0]?.time], [[], '2026-11-23T02:00:00Z']);
});

test('slots: a changed schedule counts from now', (t) => {
  const decision = decide({ policy: makePolicy({ schedules: { full: { cron: '0 1 * * *' } } }, armed('2026-11-22T02:00:00Z')) });
  t.deepEqual([backupsMade(decision), decision.status.next?.[0]?.time], [[], '2026-11-23T01:00:00Z']);
});

test('slots: while one made by the schedule still waits, no other is added', (t) => {
  const policy = nightly(armed('2026-11-22T02:00:00Z'));
  t.deepEqual(backupsMade(decide({ policy, backups: [backup(21, {}, { scheduled: true })] })), []);
  t.is(backupsMade(decide({ policy, backups: [backup(21, {}, { scheduled: false })] })).length, 1);
  t.is(backupsMade(decide({ policy, backups: [backup(21, { startTime: iso(start) }, { scheduled: true })] })).length, 1);
});

test('a claim that is missing is made', (t) => {
  t.deepEqual(decide({ missingClaims: ['local'] }).actions[0], { type: 'createClaim', tier: 'local' });
});

// A policy whose schedules were broken, or its images missing, from that instant on.
const invalidSince = (instant: string): PolicyStatus => ({
  observedGeneration: 1,
  conditions: [{ type: 'Ready', status: 'False', reason: 'AgentImageMissing', message: '', lastTransitionTime: instant }],
});

test('slots: what was missed while the policy was invalid is made up for by one run', (t) => {
  const mended = decide({ policy: nightly(invalidSince('2026-11-20T12:00:00Z')), now: start + 60 * minute });
  t.deepEqual(backupsMade(mended), ['shop-full-202611220200 2026-11-22T02:00:00Z']);
  const soon = decide({ policy: nightly(invalidSince('2026-11-22T02:30:00Z')), now: start + 60 * minute });
  t.deepEqual([backupsMade(soon), soon.status.next?.[0]?.time], [[], '2026-11-23T02:00:00Z'], 'nothing was missed');
});

test('slots: however the status was lost, a slot is the same run', (t) => {
  const once = decide({ policy: nightly(armed('2026-11-22T02:00:00Z')), now: start + 5 * minute });
  // Made, and the operator died before it wrote that down.
  const again = decide({
    policy: nightly(armed('2026-11-22T02:00:00Z')),
    now: start + 50 * minute,
    backups: [backup(22, { backupId: 'x' }, { scheduled: true, name: 'shop-full-202611220200' })],
  });
  t.deepEqual(backupsMade(once), ['shop-full-202611220200 2026-11-22T02:00:00Z']);
  t.deepEqual(backupsMade(again), []);
  t.is(again.status.lastScheduleTime, once.status.lastScheduleTime);
  t.deepEqual(again.status.successRate, once.status.successRate, 'it was in time when it was made');
});

test('a policy that nothing happens to has a status that does not move', (t) => {
  const first = decide({ policy: nightly(armed('2026-11-23T02:00:00Z')) });
  const second = decide({ policy: nightly(first.status), now: start + 300 * minute });
  t.deepEqual(second.status, first.status);
  t.deepEqual(second.actions, []);
});

const taken = (text: string): boolean => {
  try {
    new Encrypter().addRecipient(text);
    return true;
  } catch {
    return false;
  }
};

test('a recipient is believed exactly when the library that encrypts would take it', async (t) => {
  const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
  for (let round = 0; round < 20; round += 1) {
    const right = await identityToRecipient(await generateX25519Identity());
    const at = 4 + ((round * 3) % 58);
    const changed = Array.from(letters, (letter) => right.slice(0, at) + letter + right.slice(at + 1));
    t.deepEqual(changed.map(isRecipient), changed.map(taken));
  }
  t.deepEqual(['', 'age1', recipient.toUpperCase(), `${recipient}q`].map(isRecipient), [false, false, false, false]);
});
