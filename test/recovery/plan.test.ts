// The pure part of a recovery: what is wished, which backups are chosen, what the plan says, and every refusal.
import test from 'ava';
import * as fc from 'fast-check';
import { lsnText } from '../../src/api/lsn.ts';
import type { ComponentEntry, Manifest } from '../../src/api/stored/backup.ts';
import { nameComponent } from '../../src/core/recovery/component.ts';
import { chooseLatest, chooseNamed } from '../../src/core/recovery/choose.ts';
import type { Catalogue, Chosen, Link, Needed } from '../../src/core/recovery/choose.ts';
import type { KnownBackup } from '../../src/core/recovery/known-backup.ts';
import { planRecovery, withMargin } from '../../src/core/recovery/plan.ts';
import type { Facts } from '../../src/core/recovery/plan.ts';
import type { Refusal, RefusalCode } from '../../src/core/recovery/refusal.ts';
import { microsText, readInstant, readLsn } from '../../src/core/recovery/wish.ts';

const digest = 'a'.repeat(64);
const object = (key: string, bytes: number) => ({ key, bytes, sha256: digest });

const component = (id: string, changes: Partial<ComponentEntry> = {}): ComponentEntry => ({
  name: 'db',
  engine: 'postgresql',
  attempt: 1,
  parent: null,
  keyId: `${id}.db.1`,
  keys: [object(`keys/${id}`, 100)],
  artifacts: [
    { name: 'base.tar', state: false, volumes: [object(`data/${id}/base.1`, 700), object(`data/${id}/base.2`, 300)] },
    { name: 'shop.dump', state: false, volumes: [object(`data/${id}/dump`, 50)] },
    { name: 'globals.sql', state: false, volumes: [object(`data/${id}/globals`, 5)] },
  ],
  facts: {
    versions: { postgresql: '17.11' },
    restorableTo: `${id}-end`,
    postgresql: { systemIdentifier: '7', timeline: 1, startLsn: '0/1', stopLsn: '0/2' },
  },
  startTime: '',
  endTime: '',
  verification: { level: 'L2', verdict: 'Passed', time: '' },
  ...changes,
});

const manifest = (id: string, components: ComponentEntry[], failed: string[] = []): Manifest => ({
  schema: 'holdfast.dev/manifest/v1',
  minReader: 1,
  repositoryId: 'r',
  key: `manifests/${id}.json`,
  backupId: id,
  epoch: 1,
  type: 'Full',
  slot: id,
  policy: { namespace: 'shop', name: 'shop' },
  createdTime: '',
  components: components.map((each) => ({ ...each, record: object(`record/${id}`, 1) })),
  failed: failed.map((name) => ({ name, category: 'Source' })),
});

const good = (id: string, changes: Partial<ComponentEntry> = {}): KnownBackup => ({ id, manifest: manifest(id, [component(id, changes)]) });
const wrong = (id: string): KnownBackup => ({ id, wrong: { code: 'SignatureInvalid', message: 'It was changed.' } });

// Newest first, all read.
const catalogue = (...backups: KnownBackup[]): Catalogue => ({
  ids: backups.map(({ id }) => id),
  known: new Map(backups.map((backup) => [backup.id, backup])),
});

const idsOf = (choice: Chosen | Needed | Refusal): string[] | string =>
  choice.kind === 'chosen' ? choice.chain.map((link) => link.manifest.backupId) : choice.kind === 'refusal' ? choice.code : choice.kind;

test('instants need an offset, are real ones, and count microseconds', (t) => {
  const table: [string, string | undefined][] = [
    ['2026-11-22T14:03:07Z', '2026-11-22T14:03:07.000000Z'],
    ['2026-11-22T14:03:07.25+02:00', '2026-11-22T12:03:07.250000Z'],
    ['2026-11-22t14:03:07.123456-05:30', '2026-11-22T19:33:07.123456Z'],
    ['2026-11-22 14:03:07Z', '2026-11-22T14:03:07.000000Z'],
    ['1969-12-31T23:59:59.5Z', '1969-12-31T23:59:59.500000Z'],
    ['2026-11-22T14:03:07', undefined],
    ['2026-11-22T14:03Z', undefined],
    ['2026-11-22', undefined],
    ['2026-02-30T00:00:00Z', undefined],
    ['2026-11-22T24:00:00Z', undefined],
    ['2026-11-22T14:03:07.1234567Z', undefined],
    ['yesterday', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of table) {
    const micros = readInstant(text);
    t.is(micros === undefined ? undefined : microsText(micros), expected, text);
  }
  fc.assert(fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (micros) => readInstant(microsText(micros)) === micros));
});

test('places in the WAL are read and written as PostgreSQL does', (t) => {
  t.is(readLsn('0/3000028'), 0x3000028n);
  t.is(readLsn('1A/ff'), 0x1a000000ffn);
  t.deepEqual(
    ['', '0', '0/', '0/123456789', 'x/1', '0/1/2'].map(readLsn),
    Array.from({ length: 6 }, () => undefined),
  );
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (lsn) => readLsn(lsnText(lsn)) === lsn));
});

test('the only component need not be named; of several, one must be', (t) => {
  t.deepEqual(nameComponent([good('b1')], undefined), { name: 'db' });
  const two = { id: 'b1', manifest: manifest('b1', [component('b1')], ['cache']) };
  const unnamed = nameComponent([two], undefined) as Refusal;
  t.is(unnamed.code, 'ComponentNotFound');
  t.regex(unnamed.message, /cache, db/);
  t.deepEqual(nameComponent([two], 'cache'), { name: 'cache' });
  t.is((nameComponent([two], 'redis') as Refusal).remedy.options?.['component'], 'cache');
});

test('latest is the newest, and one that cannot be used is never passed over', (t) => {
  t.deepEqual(idsOf(chooseLatest(catalogue(good('b3'), good('b2')), 'db', 'physical')), ['b3']);
  const refused = chooseLatest(catalogue(wrong('b3'), good('b2')), 'db', 'physical') as Refusal;
  t.is(refused.code, 'SourceVerificationFailed');
  t.deepEqual(refused.remedy.options, { latest: undefined, backup: 'b2' });
  // A backup whose component failed holds nothing newer of it: it is named, and passed over.
  const without = { id: 'b3', manifest: manifest('b3', [component('b3', { name: 'cache' })], ['db']) };
  const chosen = chooseLatest(catalogue(without, good('b2')), 'db', 'physical') as Chosen;
  t.deepEqual(idsOf(chosen), ['b2']);
  t.regex(chosen.notes.join(), /b3 is newer and has no physical copy of "db"/);
  t.is(idsOf(chooseLatest(catalogue(without), 'db', 'physical')), 'BackupNotFound');
  t.is(idsOf(chooseLatest(catalogue(), 'db', 'physical')), 'BackupNotFound');
});

test('a named backup is taken or refused, never another one', (t) => {
  const known = catalogue(good('b3'), wrong('b2'), good('b1', { artifacts: [] }));
  t.deepEqual(idsOf(chooseNamed(known, 'b3', 'db', 'logical')), ['b3']);
  t.is(idsOf(chooseNamed(known, 'b2', 'db', 'physical')), 'SourceVerificationFailed');
  t.is(idsOf(chooseNamed(known, 'b1', 'db', 'physical')), 'ComponentNotFound');
  const missing = chooseNamed(known, 'b9', 'db', 'physical') as Refusal;
  t.is(missing.code, 'BackupNotFound');
  t.is(missing.remedy.options?.['backup'], 'b3');
});

test('a chain goes back to its Full, and asks for what was not read yet', (t) => {
  const all = [good('b3', { parent: 'b2' }), good('b2', { parent: 'b1' }), good('b1')];
  t.deepEqual(idsOf(chooseLatest(catalogue(...all), 'db', 'physical')), ['b1', 'b2', 'b3']);
  const { ids } = catalogue(...all);
  const known = new Map<string, KnownBackup>();
  const asked: string[] = [];
  for (;;) {
    const choice = chooseNamed({ ids, known }, 'b3', 'db', 'physical');
    if (choice.kind !== 'need') {
      t.is(choice.kind, 'chosen');
      break;
    }
    for (const id of choice.ids) {
      asked.push(id);
      known.set(id, all.find((each) => each.id === id) as KnownBackup);
    }
  }
  t.deepEqual(asked, ['b3', 'b2', 'b1']);
});

test('a chain with a link missing, damaged, turning on itself or without the component is broken', (t) => {
  const tip = good('b3', { parent: 'b2' });
  const older = good('b1');
  for (const middle of [
    undefined,
    wrong('b2'),
    good('b2', { parent: 'b3' }),
    good('b2', { name: 'cache' }),
    good('b2', { artifacts: [] }),
  ]) {
    const refused = chooseNamed(catalogue(tip, ...(middle === undefined ? [] : [middle]), older), 'b3', 'db', 'physical') as Refusal;
    t.is(refused.code, 'ChainBroken', JSON.stringify(middle));
    t.regex(refused.message, /b2/);
    // What does work is named.
    t.is(refused.remedy.options?.['backup'], 'b1');
  }
});

test('any chain: it begins with a Full, every link builds on the one before, and it ends where it was asked to', (t) => {
  const history = fc
    .array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 12 })
    .map((back) =>
      back.map((steps, at): KnownBackup => good(`b${at}`, { parent: at === 0 || steps === 0 || steps > at ? null : `b${at - steps}` })),
    );
  t.notThrows(() =>
    fc.assert(
      fc.property(history, fc.nat(), fc.option(fc.nat()), (backups, pick, lost) => {
        const id = `b${pick % backups.length}`;
        const gone = lost === null ? undefined : `b${lost % backups.length}`;
        const left = backups.filter((each) => each.id !== gone);
        const choice = chooseNamed(catalogue(...left.toReversed()), id, 'db', 'physical');
        if (choice.kind === 'refusal') {
          return gone !== undefined && (choice.code === 'BackupNotFound' ? gone === id : choice.code === 'ChainBroken');
        }
        const { chain } = choice as Chosen;
        return (
          chain[0]?.component.parent === null &&
          chain.at(-1)?.manifest.backupId === id &&
          chain.every((link, at) => at === 0 || link.component.parent === chain[at - 1]?.manifest.backupId) &&
          !chain.some((link) => link.manifest.backupId === gone)
        );
      }),
    ),
  );
});

const link = (id: string): Link => {
  const backup = good(id).manifest as Manifest;
  return { manifest: backup, component: backup.components[0] as ComponentEntry };
};

const facts = (changes: Partial<Facts> = {}): Facts => ({
  repositoryId: 'r',
  form: 'physical',
  chain: [link('b2')],
  notes: [],
  ids: ['b3', 'b2', 'b1'],
  missing: [],
  closed: [],
  rawBytes: 1000,
  target: { kind: 'directory', path: '/data/new', freeBytes: 10 ** 12 },
  ...changes,
});

test('the plan says what is read, what room it takes, where it ends and what is lost', (t) => {
  const plan = planRecovery(facts());
  if (plan.kind !== 'plan') {
    t.fail(plan.message);
    return;
  }
  t.is(plan.fetchBytes, 1000);
  t.is(plan.spaceBytes, withMargin(1000));
  t.deepEqual(plan.reaches, { time: 'b2-end', lsn: '0/2', timeline: 1 });
  t.regex(plan.lost, /after b2-end\. There is 1 newer backup\./);
  t.deepEqual(
    plan.steps.map(({ name }) => name),
    ['fetch', 'check', 'defuse'],
  );
  const logical = planRecovery(
    facts({
      form: 'logical',
      target: { kind: 'server', dumps: [{ artifact: 'shop.dump', database: 'shop', into: 'shop', create: true }], roles: true },
    }),
  );
  t.is(logical.kind === 'plan' ? logical.fetchBytes : 0, 55);
});

test('what was not measured is absent, and said', (t) => {
  const { closed: _, rawBytes: __, ...rest } = facts();
  const plan = planRecovery(rest);
  t.true(plan.kind === 'plan' && !('spaceBytes' in plan) && plan.notes.some((note) => /No identity was given/.test(note)));
});

test('another C library is told, since indexes of text would be wrong without a word', (t) => {
  const sorted = link('b2');
  sorted.component.facts.versions = { postgresql: '17.11', libc: '2.41' };
  const notes = (libc: string | undefined, form: Facts['form'] = 'physical'): string => {
    const plan = planRecovery(facts({ chain: [sorted], form, ...(libc === undefined ? {} : { libc }) }));
    return plan.kind === 'plan' ? plan.notes.join() : plan.code;
  };
  t.is(notes('2.41'), '');
  t.regex(notes('2.36'), /sorted by the C library 2\.41 there, and this machine has 2\.36: .*REINDEX/);
  t.regex(notes(undefined), /is not known/);
  t.is(notes('2.36', 'logical'), '');
});

test('every refusal has its code and the option that would work', (t) => {
  const table: [Partial<Facts>, RefusalCode, RegExp, object][] = [
    [
      { target: { kind: 'directory', path: '/data', occupied: 'is not empty (it holds x)' } },
      'TargetNotEmpty',
      /is not empty/,
      { to: '/data.restored' },
    ],
    [{ missing: [{ backupId: 'b2', message: 'k is not there.' }] }, 'SourceVerificationFailed', /k is not there/, {}],
    [{ chain: [link('b1'), link('b2')], missing: [{ backupId: 'b1', message: 'k.' }] }, 'ChainBroken', /b1 is not whole/, {}],
    [
      { closed: [{ backupId: 'b2', message: 'none.' }] },
      'KeyUnavailable',
      /does not open the backup b2/,
      { identity: '<the identity of one of its recipients>' },
    ],
    [
      { rawBytes: 10 ** 9, target: { kind: 'directory', path: '/d', freeBytes: 10 ** 9 } },
      'InsufficientSpace',
      /954 MiB free, and 1066 MiB are needed/,
      { to: '<a folder with more room>' },
    ],
  ];
  for (const [changes, code, message, options] of table) {
    const refused = planRecovery(facts(changes));
    t.is(refused.kind === 'refusal' ? refused.code : refused.kind, code);
    if (refused.kind === 'refusal') {
      t.regex(refused.message, message);
      t.deepEqual(refused.remedy.options ?? {}, options);
      t.true(refused.remedy.act !== undefined || refused.remedy.options !== undefined);
    }
  }
  // The target is looked at first: who restores onto something must learn that before anything else.
  const both = planRecovery(facts({ target: { kind: 'directory', path: '/d', occupied: 'x' }, closed: [{ backupId: 'b', message: 'm' }] }));
  t.is(both.kind === 'refusal' ? both.code : '', 'TargetNotEmpty');
  // Exactly enough is enough.
  t.is(planRecovery(facts({ rawBytes: 1000, target: { kind: 'directory', path: '/d', freeBytes: withMargin(1000) } })).kind, 'plan');
});
