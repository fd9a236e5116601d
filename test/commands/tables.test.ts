// Pages and tables that people see, made from resources by pure functions.
import test from 'ava';
import type { EntryLine } from '../../src/api/agent.ts';
import { catalogueEntry } from '../../src/commands/list/catalogue.ts';
import { catalogueTable } from '../../src/commands/list/catalogue-table.ts';
import { backupTable } from '../../src/commands/list/table.ts';
import { policyReport } from '../../src/commands/status/report.ts';
import { statusPage } from '../../src/commands/status/page.ts';
import { statusTable } from '../../src/commands/status/table.ts';
import { makeBackup, makePolicy } from '../core/fixtures.ts';
import { colours } from './capture.ts';
import { armed, completeBackup, condition, healthyPolicy, now, partialBackup, runningBackup } from './examples.ts';

const shown = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');
const page = (policy = healthyPolicy(), backups = [completeBackup()], options: { wide?: boolean; columns?: number } = {}) =>
  statusPage(policyReport(policy, { backups }, now), { now, wide: false, colours, ...options });

test('status names the alerts that are open, and whom nobody could tell', (t) => {
  const policy = healthyPolicy();
  const alert = { severity: 'critical', since: '2026-11-22T04:12:30Z' } as const;
  const alerts: NonNullable<NonNullable<typeof policy.status>['alerts']> = [
    { ...alert, name: 'HoldfastRPOViolated', message: 'Too old.', notifiedTime: '2026-11-22T05:02:30Z' },
    {
      ...alert,
      name: 'HoldfastBackupFailed',
      severity: 'warning',
      message: 'It failed.',
      problem: 'Mail: could not reach the mail server.',
    },
    { ...alert, name: 'HoldfastBackupMissed', severity: 'warning', message: 'Missed.' },
    {
      ...alert,
      name: 'HoldfastPolicyStalled',
      message: 'Stuck.',
      notifiedTime: '2026-11-22T05:02:30Z',
      resolvedTime: '2026-11-22T05:05:30Z',
    },
  ];
  const text = page({ ...policy, status: { ...policy.status, alerts } });
  t.true(
    text.includes(
      shown(
        '',
        'ALERT                   SEVERITY   SINCE    TOLD      MESSAGE',
        'HoldfastRPOViolated     critical   1h ago   10m ago   Too old.',
        'HoldfastBackupFailed    warning    1h ago   failed    It failed. Mail: could not reach the mail server.',
        'HoldfastBackupMissed    warning    1h ago   nobody    Missed.',
        'HoldfastPolicyStalled   over       1h ago   10m ago   Stuck.',
        '',
      ),
    ),
    text,
  );
});

test('status of a policy that is well', (t) => {
  t.is(
    page(),
    shown(
      'Policy shop/shop',
      'Ready           True',
      'Could be lost   3h 12m',
      '                A restore brings back everything before 2026-11-22T02:00:03Z. The store was read 3h 9m ago.',
      'Objective       At most 1d may be lost, 3h 12m would be: the objective holds.',
      'Newest backup   shop-full-202611220200, 3h 12m ago: 118 MB in 2m 10s',
      'Running now     nothing',
      'Next            Full in 20h 47m, at 2026-11-23T02:00:00Z',
      '',
      'CONDITION        STATUS   REASON        MESSAGE',
      'Ready            True     Armed         The policy is valid. The schedules run.',
      'StorageHealthy   True     AllVerified   Every manifest that was found verified, on every tier.',
      '',
      'TIER    LATEST BACKUP          AGE          BACKUPS   REFUSED   READ',
      'local   2026-11-22T02:00:00Z   3h 12m ago   12        0         3h 9m ago',
      'cloud   2026-11-22T02:00:00Z   3h 12m ago   40        0         3h 7m ago',
      '',
      'COMPONENT   RESTORABLE TO          AGE          SIZE',
      'db          2026-11-22T02:00:03Z   3h 12m ago   117 MB',
      'stock       2026-11-22T02:00:09Z   3h 12m ago   1 MB',
    ),
  );
});

test('status names what runs, what failed last and which copy is behind', (t) => {
  const text = page(healthyPolicy(), [runningBackup(), partialBackup()]);
  t.true(
    text.includes(
      shown(
        'Last run        PartiallyFailed 1d 3h ago: shop-full-202611210200',
        '                PartiallyFailed: stock: �[2Jthe password is wrong',
        'Running now     shop-manual-20261122051100 Running (1m 30s), db: dump base.tar 12 MB: 0 of 2 components dumped',
        '                shop-full-202611210200: copy to cloud is Lagging: cloud does not answer',
      ),
    ),
    text,
  );
});

test('status says in plain words whether the objective holds, how the slots fared, and what to do', (t) => {
  const policy = healthyPolicy();
  const spec = {
    ...policy.spec,
    objectives: { rpo: '3h', rto: '4h' },
    schedules: { ...policy.spec.schedules, health: { cron: '0 * * * *', timeZone: 'Etc/UTC', jitter: '1m' } },
  };
  const counts = { window: '30d', scheduled: 30, succeeded: 27, failed: 2, missed: 1 };
  const missed = {
    ...policy.status,
    rpo: { restorableTime: '2026-11-22T02:00:03Z', measuredTime: '2026-11-22T05:00:00Z' },
    successRate: counts,
  };
  const text = page({ ...policy, spec, status: missed }, [partialBackup()]);
  t.regex(text, /^Objective +At most 3h may be lost, 3h 12m would be: the objective is missed by 12m 27s\.$/m);
  t.regex(text, /^Slots +30 in 30d: 27 complete in time, 2 failed, 1 missed$/m);
  t.regex(
    text,
    /^What to do +Mend what the message names; the next slot tries again\.\n +Start a backup: kubectl holdfast backup shop -n shop --wait\n +More: kubectl holdfast doctor shop -n shop$/m,
  );

  // An operator that is gone leaves its facts behind: they are not believed for ever.
  const left = { ...missed, rpo: { ...missed.rpo, measuredTime: '2026-11-22T02:03:00Z' } };
  const stale = page({ ...policy, spec, status: left });
  t.regex(
    stale,
    /^Could be lost +unknown\n +When it was read last, a restore brought back everything before 2026-11-22T02:00:03Z\. The store was read 3h 9m ago\.$/m,
  );
  t.regex(stale, /^Objective +At most 3h may be lost; what would be is not known: the store was read last at 2026-11-22T02:03:00Z\.$/m);
  t.regex(stale, /^What to do +See why the store is not being read\.$/m);
  const alerts = [
    { name: 'HoldfastTierLagging' as const, severity: 'warning' as const, since: '2026-11-22T04:12:30Z', message: 'cloud lacks it' },
  ];
  t.regex(
    page({ ...policy, status: { ...policy.status, alerts } }),
    /^What to do +Mend what keeps the copies from the tier that the message names\.$/m,
  );
});

test('status of a policy that nobody has measured says unknown everywhere, and never 0', (t) => {
  const text = page(makePolicy(), []);
  t.is(
    text,
    shown(
      'Policy shop/shop',
      'Ready           unknown',
      'Could be lost   unknown',
      '                The primary tier has not been read yet.',
      'Objective       At most 1d may be lost; what would be is not known.',
      'Newest backup   unknown',
      'Running now     nothing',
      'Next            unknown',
      '',
      'No conditions: the operator has not looked at the policy yet. Is it running?',
      '',
      'TIER    LATEST BACKUP   AGE       BACKUPS   REFUSED   READ',
      'local   unknown         unknown   unknown   unknown   never',
      'cloud   unknown         unknown   unknown   unknown   never',
      '',
      'COMPONENT   RESTORABLE TO   AGE       SIZE',
      'db          unknown         unknown   unknown',
      'stock       unknown         unknown   unknown',
    ),
  );
  t.notRegex(text, /\b0\b/);
});

const read = (name: string, facts: object) => ({ name, measuredTime: '2026-11-22T05:00:00Z', ...facts });
const exposure = (...tiers: { name: string }[]) =>
  policyReport(makePolicy({}, { conditions: [armed], tiers }), { backups: [] }, now).exposure;

test('what could be lost: everything only where every tier was read and is empty', (t) => {
  const empty = { backups: 0, refused: 0 };
  t.is(exposure(read('local', empty), read('cloud', empty)).state, 'NothingStored');
  t.is(exposure(read('local', empty), { name: 'cloud' }).state, 'Unknown');
  t.is(exposure(read('local', empty), read('cloud', { backups: 1, refused: 0 })).state, 'Unknown');
  t.is(exposure(read('local', empty), read('cloud', { backups: 0, refused: 1 })).state, 'Unknown');
  const half = makePolicy(
    {},
    {
      conditions: [armed],
      tiers: [read('local', { backups: 1, refused: 0 })],
      components: [{ name: 'db', restorableTo: '2026-11-22T02:00:03Z' }, { name: 'stock' }],
    },
  );
  const { exposure: unknown } = policyReport(half, { backups: [] }, now);
  t.is(unknown.state, 'Unknown');
  t.is(unknown.message, 'No restorable backup is known of stock.');
  t.false('seconds' in unknown);
});

test('status says when it is about an older spec, and that nothing comes next where nothing does', (t) => {
  const policy = healthyPolicy();
  policy.metadata.generation = 2;
  t.regex(page(policy), /The operator has not seen the newest spec yet/);
  t.notRegex(page(), /newest spec/);
  t.regex(
    page(makePolicy({ suspend: true }, { conditions: [condition('Ready', 'True', 'Suspended', '…')] })),
    /Ready +Suspended\n[^]*Next +nothing: the policy is suspended/,
  );
  const invalid = makePolicy({}, { conditions: [condition('Ready', 'False', 'InvalidKey', '…')] });
  t.regex(page(invalid), /Ready +False \(InvalidKey\)\n[^]*Next +nothing: the policy is not ready/);
});

test('long messages wrap on a terminal, and stay whole in a pipe', (t) => {
  const message =
    'cloud: manifests/20261121T020000Z-full-3f9a1c04.json is signed by 0123456789abcdef, which is not among the verification keys.';
  const policy = makePolicy({}, { conditions: [condition('StorageHealthy', 'False', 'ManifestRefused', message)] });
  t.true(page(policy).includes(message));
  const narrow = page(policy, [], { columns: 100 });
  t.false(narrow.includes(message));
  t.true(
    narrow.split('\n').every((line) => line.length <= 100),
    narrow,
  );
  t.true(narrow.replaceAll(/\n +/g, ' ').includes(message));
});

test('all policies in one table', (t) => {
  const reports = [
    policyReport(healthyPolicy(), { backups: [runningBackup(), completeBackup()] }, now),
    policyReport(makePolicy(), { backups: [] }, now),
  ];
  t.is(
    statusTable(reports, { now, wide: false, allNamespaces: true, colours }),
    shown(
      'NAMESPACE   POLICY   READY     STORAGE   COULD BE LOST   RPO       ALERTS   NEWEST BACKUP   LAST RUN   RUNNING                                NEXT',
      'shop        shop     True      True      3h 12m          Met       -        3h 12m ago      Complete   shop-manual-20261122051100 (Running)   Full in 20h 47m',
      'shop        shop     unknown   unknown   unknown         unknown   -        unknown         -          -                                      -',
    ),
  );
  const wide = statusTable(reports, { now, wide: true, allNamespaces: false, colours });
  t.regex(wide, /^POLICY .* RESTORABLE TO +SIZE +TIERS\n/);
  t.regex(wide, /2026-11-22T02:00:03Z +118 MB +local: 12, cloud: 40\n/);
  t.regex(wide, /unknown +unknown +local: unknown, cloud: unknown\n/);
});

const withBase = (component: object): string => {
  const made = partialBackup();
  Object.assign(made.status?.components?.[0] ?? {}, component);
  return backupTable([made], { now, wide: true, allNamespaces: true, colours });
};

test('backups in one table', (t) => {
  const all = [
    runningBackup(),
    completeBackup(),
    partialBackup(),
    makeBackup(undefined, { name: 'new', creationTimestamp: '2026-11-22T05:12:29Z' }),
  ];
  t.is(
    backupTable(all, { now, wide: false, allNamespaces: false, colours }),
    shown(
      'NAME                         ID                               TYPE   PHASE             TIME                   SIZE     DURATION   TIERS                              RESTORABLE TO',
      'shop-manual-20261122051100   20261122T051100Z-full-77aa00ff   Full   Running           2026-11-22T05:11:00Z   -        1m 30s     local (Pending), cloud (Pending)   -',
      'shop-full-202611220200       20261122T020000Z-full-3f9a1c04   Full   Complete          2026-11-22T02:00:00Z   118 MB   2m 10s     local, cloud                       2026-11-22T02:00:03Z',
      'shop-full-202611210200       20261121T020000Z-full-00ff00ff   Full   PartiallyFailed   2026-11-21T02:00:00Z   117 MB   1m         local, cloud (Lagging)             2026-11-21T02:00:03Z',
      'new                          -                                Full   Pending           2026-11-22T05:12:29Z   -        -          -                                  -',
    ),
  );
  const wide = backupTable([partialBackup()], { now, wide: true, allNamespaces: true, colours });
  t.regex(wide, /^NAMESPACE +NAME +POLICY .* COMPONENTS +REASON +MESSAGE\n/);
  t.regex(withBase({ parent: '20261121T020000Z-full-00ff00ff' }), / 20261121T020000Z-full-00ff00ff +PartiallyFailed/);
  t.regex(withBase({ whole: { reason: 'SummariesOff', message: 'off' } }), / nothing: SummariesOff +PartiallyFailed/);
  t.regex(wide, /db, stock \(Failed\) +PartiallyFailed +stock: �\[2Jthe password is wrong\n$/);
});

const entry: EntryLine = {
  kind: 'entry',
  tier: 'store',
  backupId: '20261122T020000Z-full-3f9a1c04',
  type: 'Full',
  slot: '2026-11-22T02:00:00Z',
  verdict: 'Passed',
  bytes: 118_000_000,
  seconds: 130.4,
  components: [
    { name: 'db', bytes: 117_000_000, restorableTo: '2026-11-22T02:00:03.5Z', parent: '20261121T020000Z-full-00ff00ff' },
    { name: 'stock', bytes: 1_000_000, restorableTo: '2026-11-22T02:00:09Z' },
  ],
  failed: ['cache'],
};
// As the agent says it of a manifest that it could not believe.
const refusedEntry: EntryLine = {
  ...entry,
  backupId: '20261123T020000Z-full-bad',
  slot: '',
  bytes: 0,
  seconds: 0,
  components: [],
  failed: [],
  verdict: 'Failed',
  code: 'SignerUnknown',
  message: 'It is signed by \u001b]0;evil\u0007.',
};

test('the catalogue of a store, with what is wrong below it', (t) => {
  t.is(
    catalogueTable([refusedEntry, entry].map(catalogueEntry), { wide: true, colours }),
    shown(
      'ID                               VERDICT   TYPE      TIME                   SIZE      DURATION   COMPONENTS                  RESTORABLE TO          BUILDS ON                        REASON',
      '20261123T020000Z-full-bad        Failed    unknown   unknown                unknown   unknown    unknown                     unknown                -                                SignerUnknown',
      '20261122T020000Z-full-3f9a1c04   Passed    Full      2026-11-22T02:00:00Z   118 MB    2m 10s     db, stock, cache (Failed)   2026-11-22T02:00:03Z   20261121T020000Z-full-00ff00ff   -',
      '',
      '20261123T020000Z-full-bad: Failed (SignerUnknown): It is signed by �]0;evil�.',
    ),
  );
});

test('figures of a manifest that could not be believed are absent, not 0', (t) => {
  t.deepEqual(catalogueEntry(refusedEntry), {
    id: refusedEntry.backupId,
    verdict: 'Failed',
    code: 'SignerUnknown',
    message: refusedEntry.message,
  });
  const { restorableTo } = catalogueEntry({ ...entry, components: [...entry.components, { name: 'logs', bytes: 1 }] });
  t.is(restorableTo, undefined, 'one component says nothing');
});
