// `restore --emergency` in scenes: what is checked and shown, what is asked, and what is made. Nothing is made by somebody who did not mean it.
import { stripVTControlCharacters } from 'node:util';
import test from 'ava';
import { createColors } from 'picocolors';
import { restoreSpecSchema } from '../../src/api/restore.ts';
import type { RestoreStatus } from '../../src/api/restore-status.ts';
import type { Item } from './api-server.ts';
import { first, inNamespace } from './doctor-world.ts';
import { base, claim, confirmed, follows, identity, identityFile, made, run, shop, statefulSet, wrote } from './emergency-world.ts';
import { failing, forbidden, unavailable } from './play.ts';
import type { Play } from './play.ts';
import { planning, planRows, restored, restoring, succeeded } from './restore-examples.ts';

const shown = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');

const restoringInPlace: RestoreStatus = { ...restoring, stage: 'Quiescing', conditions: [succeeded('Unknown', 'Quiescing', 'Stopping.')] };

test('everything is shown, the name is asked for, the Restore is made and followed, and what was lent is taken back', async (t) => {
  const questions: string[] = [];
  const ask = async (question: string): Promise<string> => {
    questions.push(question);
    return 'shop/shop';
  };
  let lent: Item | undefined;
  const { code, stdout, stderr, scene } = await run(t, base, {
    io: { ask },
    with(given) {
      follows(planning, restoringInPlace, restoring, restored)(given);
      given.intercept = (request) => {
        if (request === 'POST restores') {
          lent = given.objects['secrets']?.at(-1);
        }
        return undefined;
      };
    },
  });
  t.is(code, 0, stderr);
  t.is(
    stderr,
    shown(
      'Emergency restore of shop/shop',
      'TELL        ops@example.org',
      '',
      '  ✓ policy       shop/shop is there.',
      '  ✓ backup       The newest point is 2026-11-22T02:00:03Z; its manifests verified when the store was read 10m ago.',
      '  ✓ identity     It opens what the policy encrypts.',
      '  ✓ target       data-postgres-0/pgdata is there. To be stopped for it: StatefulSet postgres (1 replica).',
      '  ? room         data-postgres-0 holds 4.29 GB: whether the new data fits beside the old is measured by the Job, before it overwrites anything. Where it does not, the old data is copied into the store first, which takes its time.',
      '                 Next: Where that cannot be either: --safety-backup BestEffort, or a larger claim.',
      '  ✓ operator     holdfast-system/holdfast: 2 of 2 replicas ready.',
      '  ✓ leader       holdfast-1 holds the Lease, renewed 8s ago.',
      '',
      'BRINGS BACK the newest point that can be reached, of db',
      'REPLACES    data-postgres-0/pgdata; what is there is put aside, or copied into the store, so that it can be undone',
      'LOST        what was written after 2026-11-22T02:00:03Z (the last 3h 12m), or less where more was archived since',
      'STOPS       StatefulSet postgres (1 replica)',
      'READS       about 118 MB; the exact plan is shown when the Restore has made it',
      'OBJECTIVE   4h (objectives.rto)',
      '',
      'Created the Restore shop/shop-back-20261122051230.',
      'Pending',
      'Planning: The source is being checked.',
      'RESTORE     shop/shop-back-20261122051230, Running',
      'PLAN        0123456789abcdef, made at 2026-11-22T05:00:10Z',
      ...planRows,
      '',
      'Quiescing: Stopping. · db: fetch',
      'Restoring: Data is being read. · db: fetch',
    ),
  );
  t.is(
    stdout,
    shown(
      'Complete: restored db in data-postgres-0/pgdata up to LSN 0/3000028 on timeline 2. It took 2m 10s: the objective of 4h is met.',
      'Undo it until 2026-11-29T05:02:15Z: kubectl holdfast undo restore/shop-back-20261122051230 -n shop',
      'RTO by step',
      '  plan     12s',
      '  fetch    1m 20s',
      '  replay   37s',
      '  all      2m 10s',
      'RTO budget left 3h 57m',
    ),
  );
  t.deepEqual(questions, ['This replaces the data of shop/shop.\nType shop/shop to go on: ']);
  t.deepEqual(made(scene)?.['spec'], {
    source: {
      policyRef: { name: 'shop' },
      latest: true,
      identitySecretRef: { name: 'shop-back-20261122051230-identity', key: 'identity' },
    },
    components: [{ name: 'db', target: { inPlace: { claimName: 'data-postgres-0' } } }],
    confirmation: 'shop/shop',
  });
  t.is(lent?.metadata.name, 'shop-back-20261122051230-identity');
  t.deepEqual(lent?.['stringData'], { identity: `${identity}\n` });
  t.deepEqual(wrote(scene), [
    'POST secrets',
    'POST restores',
    'PATCH secrets/shop-back-20261122051230-identity',
    'DELETE secrets/shop-back-20261122051230-identity',
  ]);
  t.false(`${stdout}${stderr}`.includes(identity));
});

test('in colours a terminal is told the same, and nothing of them is taken for what it must not see', async (t) => {
  const painted = createColors(true);
  const { stdout, stderr } = await run(t, confirmed, {
    io: { colours: painted, errorColours: painted },
    with: follows(planning, restoringInPlace, restoring, restored),
  });
  const plain = await run(t, confirmed, { with: follows(planning, restoringInPlace, restoring, restored) });
  t.is(stripVTControlCharacters(stderr), plain.stderr);
  t.is(stripVTControlCharacters(stdout), plain.stdout);
  t.true(
    stderr.includes(painted.red('data-postgres-0/pgdata; what is there is put aside, or copied into the store, so that it can be undone')),
  );
  t.false(stderr.includes('\uFFFD'));
});

test('whoever did not mean it makes nothing: no terminal and no flag, a wrong name, nothing typed', async (t) => {
  const cases: [string[], Play, RegExp][] = [
    [base, {}, /^Error \(NotConfirmed\): This replaces the data of shop\/shop\. Nobody is here to ask.*\nNext: Add --confirm shop\/shop/m],
    [[...base, '--confirm', 'YES'], {}, /^Error \(NotConfirmed\): .* --confirm says "YES"\. Nothing was done/m],
    [[...base, '--confirm', 'shop/web'], {}, /^Error \(NotConfirmed\)/m],
    [base, { io: { ask: async () => 'yes' } }, /^Error \(NotConfirmed\): .* "yes" was typed/m],
    [base, { io: { ask: async () => '' } }, /^Error \(NotConfirmed\): .* Nothing was typed/m],
  ];
  for (const [args, setting, says] of cases) {
    const { code, stderr, scene } = await run(t, args, setting);
    t.is(code, 4, stderr);
    t.regex(stderr, says);
    t.regex(stderr, /✓ policy/);
    t.deepEqual(wrote(scene), []);
  }
});

test('a backup, a point in time, a tier, workloads besides and the safety copy go into the spec as they were said', async (t) => {
  const cases: [string[], object, RegExp][] = [
    [
      ['--emergency', '20261122T020000Z-full-3f9a1c04', '--tier', 'cloud', '--safety-backup', 'Skip'],
      { source: { backup: '20261122T020000Z-full-3f9a1c04', tier: 'cloud' }, safetyBackup: 'Skip' },
      /✓ backup +20261122T020000Z-full-3f9a1c04 is sealed and verified, restorable to 2026-11-22T02:00:03Z\.[^]*nothing can be undone/,
    ],
    [
      // By the name of its resource.
      ['--emergency', 'shop-full-202611220200'],
      { source: { backup: '20261122T020000Z-full-3f9a1c04' } },
      /BRINGS BACK the backup 20261122T020000Z-full-3f9a1c04, of db/,
    ],
    [
      [
        '--emergency',
        '--to-time',
        '2026-11-22T05:00:00+00:00',
        '--exclusive',
        '--stop',
        'deployment/web',
        '--claim',
        'data-postgres-0',
        '--path',
        'pg/data',
        '--run-as',
        '70:71',
      ],
      {
        pointInTime: { time: '2026-11-22T05:00:00+00:00', exclusive: true },
        components: [
          { name: 'db', target: { inPlace: { claimName: 'data-postgres-0', path: 'pg/data', runAs: { user: 70, group: 71 } } } },
        ],
        quiesce: { workloads: [{ kind: 'Deployment', name: 'web' }] },
      },
      /BRINGS BACK the state just before 2026-11-22T05:00:00\+00:00, of db\n[^]*LOST +everything that was written after that \(the last 12m 30s\)\nSTOPS +Deployment web \(2 replicas\), StatefulSet postgres \(1 replica\)\n/,
    ],
    [
      ['--emergency', '20261122T020000Z-full-3f9a1c04', '--to-lsn', '0/3abcdef', '--timeline', '2'],
      { source: { backup: '20261122T020000Z-full-3f9a1c04' }, pointInTime: { lsn: '0/3ABCDEF', timeline: 2 } },
      /\? backup|✓ backup/,
    ],
  ];
  for (const [args, spec, says] of cases) {
    const { code, stderr, scene } = await run(
      t,
      ['restore', ...args, '--identity', identityFile, '--confirm', 'shop/shop', '--policy', 'shop', '--component', 'db'],
      { with: follows(restored) },
    );
    t.is(code, 0, stderr);
    t.regex(stderr, says);
    t.like(made(scene)?.['spec'], spec);
    const parsed = restoreSpecSchema.safeParse(made(scene)?.['spec']);
    t.true(parsed.success, String(parsed.error));
  }
});

test('an identity that is a Secret stays where it is', async (t) => {
  const objects = shop();
  objects['secrets']?.push(inNamespace('kept', { data: { key: Buffer.from(identity).toString('base64') } }));
  const { code, stderr, scene } = await run(
    t,
    ['restore', '--emergency', 'latest', '--identity-secret', 'kept/key', '--confirm', 'shop/shop'],
    { objects, with: follows(restored) },
  );
  t.is(code, 0, stderr);
  t.regex(stderr, /✓ identity +The Secret "kept" opens what the policy encrypts\./);
  t.deepEqual(made(scene)?.['spec'].source.identitySecretRef, { name: 'kept', key: 'key' });
  t.deepEqual(wrote(scene), ['POST restores']);
});

test('what is known to be wrong refuses with 4 before anybody is asked, and names the way without a cluster', async (t) => {
  const plants: [(world: ReturnType<typeof shop>) => void, string[], RegExp][] = [
    [(world) => (world['deployments'] = []), [], /✗ operator +No operator of Holdfast is installed/],
    [(world) => (world['persistentvolumeclaims'] = []), [], /✗ target +ClaimMissing: Claim data-postgres-0 is not there/],
    [(world) => (world['persistentvolumeclaims'] = [claim('data-postgres-0', '50Mi')]), [], /✗ room +data-postgres-0 holds 52\.4 MB, and/],
    [
      (world) =>
        world['horizontalpodautoscalers']?.push(
          inNamespace('auto', { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'postgres' } } }),
        ),
      [],
      /✗ target +ManagedByController: StatefulSet postgres is scaled by HorizontalPodAutoscaler auto/,
    ],
    [() => undefined, ['--stop', 'deployment/absent'], /✗ target +WorkloadMissing: Deployment absent/],
    [
      (world) => {
        first(world, 'backuppolicies')['status'].recoverability = {
          tier: 'local',
          measuredTime: '2026-11-22T05:00:00Z',
          earliestTime: '2026-11-20T00:00:00Z',
          latestTime: '2026-11-22T05:00:00Z',
        };
      },
      ['--to-time', '2026-11-01T00:00:00Z'],
      /✗ backup +2026-11-01T00:00:00Z is before anything that can be reached: from 2026-11-20T00:00:00Z to 2026-11-22T05:00:00Z/,
    ],
  ];
  for (const [plant, more, says] of plants) {
    const objects = shop();
    plant(objects);
    const start = more.includes('--to-time') ? ['restore', '--emergency', '--identity', identityFile] : base;
    const { code, stderr, scene } = await run(t, [...start, '--confirm', 'shop/shop', ...more], { objects });
    t.is(code, 4, stderr);
    t.regex(stderr, says);
    t.regex(
      stderr,
      /^Error \(PrerequisiteMissing\): This cannot work: .* Nothing was done\.\nNext: .*kubectl holdfast restore --from s3:\/\/holdfast\/shop\/shop --region us-east-1 --identity/m,
    );
    t.deepEqual(wrote(scene), []);
  }
});

const unclear = () => ({
  ...shop(),
  statefulsets: [statefulSet('postgres', 'postgres', 2)],
  persistentvolumeclaims: [claim('data-postgres-0'), claim('data-postgres-1')],
});

test('which data is replaced is never guessed: several claims are listed, asked for, or refused', async (t) => {
  const refused = await run(t, confirmed, { objects: unclear() });
  t.is(refused.code, 4);
  t.regex(
    refused.stderr,
    /^Error \(ClaimUnclear\): .* data-postgres-0 \(StatefulSet postgres\), data-postgres-1 \(StatefulSet postgres\)\.\nNext: Name the right one with --claim/,
  );
  const answers = ['data-postgres-1', 'shop/shop'];
  const asked = await run(t, base, { objects: unclear(), io: { ask: async () => answers.shift() ?? '' }, with: follows(restored) });
  t.is(asked.code, 0, asked.stderr);
  t.is(made(asked.scene)?.['spec'].components[0].target.inPlace.claimName, 'data-postgres-1');
  t.regex(asked.stderr, /NOTE +StatefulSet postgres has 2 replicas: all of them are stopped, and only data-postgres-1 is restored/);
  // Somewhere else: nothing here says which claim it is, but two that hold a data directory.
  const elsewhere = shop();
  first(elsewhere, 'backuppolicies')['spec'].components[0].postgresql.connection.host = 'db.example.org';
  const far = await run(t, confirmed, { objects: elsewhere });
  t.is(far.code, 4);
  t.regex(far.stderr, /data-postgres-0 \(StatefulSet postgres\), data-reports-0 \(StatefulSet reports\)/);
});

test('an API server that is away ends with 5 and the command that needs none', async (t) => {
  const { code, stderr } = await run(t, [...confirmed, '--component', 'db'], { with: failing({ 'GET ': unavailable }) });
  t.is(code, 5);
  t.true(
    stderr.endsWith(
      `Next: The store needs no cluster: kubectl holdfast restore --from <folder, or s3://bucket/prefix> --identity ${identityFile} --component db --latest --to <empty folder>\n`,
    ),
    stderr,
  );
  const denied = await run(t, confirmed, { with: failing({ 'GET backuppolicies': forbidden }) });
  t.is(denied.code, 4);
});

const wrongUses: [string[], RegExp][] = [
  [['restore', '--emergency', '--identity', identityFile], /It is not said what shall come back/],
  [[...base, '--to-time', '2026-11-22T05:00:00Z'], /Only one point can be restored/],
  [['restore', '--emergency', '--to-time', 'yesterday', '--identity', identityFile], /"yesterday" is no point in time/],
  [['restore', '--emergency', 'latest'], /Without the identity nobody can open a backup/],
  [[...base, '--identity-secret', 'x'], /exclude each other/],
  [[...base, '--to', '/tmp/x'], /--to does not go with --emergency/],
  [[...base, '--no-roles'], /--no-roles does not go with --emergency/],
  [[...base, '--component', 'cache'], /no PostgreSQL component "cache"\.\nNext: Name one of db/],
  [[...base, '--run-as', 'postgres'], /"postgres" is no <uid>:<gid>/],
  [[...base, '--stop', 'pod/x'], /names no workload that can be stopped/],
  [[...base, '--exclusive'], /--exclusive and --timeline go with/],
  [['restore', '--from', '/tmp', '--confirm', 'shop/shop'], /--confirm goes with --emergency/],
  [['restore', '--from', '/tmp', '--output', 'json'], /--output goes with --emergency/],
];

test('wrong use is 2, and nothing is made', async (t) => {
  for (const [args, says] of wrongUses) {
    const { code, stderr, scene } = await run(t, args);
    t.is(code, 2, stderr);
    t.regex(stderr, says);
    t.deepEqual(wrote(scene), []);
  }
});
