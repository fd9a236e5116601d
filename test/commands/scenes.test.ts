// Commands against an API server that plays a scene: starting a Backup, waiting for it, and every way to be refused.
import test from 'ava';
import { parse } from 'yaml';
import { label } from '../../src/api/group.ts';
import { runHere } from './capture.ts';
import { caller, startApiServer } from './api-server.ts';
import type { Item } from './api-server.ts';
import { completeBackup, condition, healthyPolicy, partialBackup, runningBackup } from './examples.ts';
import { failing, forbidden, items, play, statuses, unavailable, unknownPath } from './play.ts';
import type { Play } from './play.ts';

test('backup creates what was asked for and nothing more, and prints the name alone', async (t) => {
  const { code, stdout, stderr, scene } = await play(t, ['backup', 'shop', '--components', 'db, stock,db']);
  t.is(code, 0, stderr);
  t.is(stdout, 'shop-manual-20261122020000\n');
  t.is(stderr, 'Created. Follow it with: kubectl holdfast logs shop-manual-20261122020000 -n shop --follow\n');
  const [made] = scene.objects['backups'] ?? [];
  t.deepEqual(made?.['spec'], { policyRef: { name: 'shop' }, components: ['db', 'stock'], requestedBy: caller });
  t.deepEqual(made?.metadata.labels, { [label.policy]: 'shop' });

  const named = await play(t, ['backup', 'shop', '--name', 'before-upgrade', '-o', 'yaml']);
  t.is(parse(named.stdout).metadata.name, 'before-upgrade');
  t.false('components' in parse(named.stdout).spec);
  const partial = await play(t, ['backup', 'shop', '--type', 'incremental']);
  t.like(partial.scene.objects['backups']?.[0]?.['spec'], { type: 'Incremental' });
  // Where the API server does not say who asks, the record is left out, the backup is made.
  const unnamed = await play(t, ['backup', 'shop'], { with: failing({ 'POST selfsubjectreviews': forbidden }) });
  t.is(unnamed.code, 0, unnamed.stderr);
  t.deepEqual(unnamed.scene.objects['backups']?.[0]?.['spec'], { policyRef: { name: 'shop' } });
});

test('backup refuses what cannot work before anything is made', async (t) => {
  for (const [args, code, says] of [
    [['shop', '--components', 'db,cache'], 2, /no component "cache"\.\nNext: It has db, stock:/],
    [['shop', '--components', ','], 2, /no component ""/],
    [['shop', '--type', 'Partial'], 2, /no type of backup "Partial"\.\nNext: Use Full, Differential, Incremental, Log\./],
    [['shop', '--name', 'Upper'], 2, /"Upper" cannot be the name of a Backup/],
    [['shop', '--name', 'x'.repeat(64)], 2, /cannot be the name of a Backup/],
    [['shop/shop'], 2, /"shop\/shop" is no name of a BackupPolicy/],
    [['absent'], 3, /Error \(PolicyNotFound\): There is no BackupPolicy "absent" in the namespace "shop"/],
  ] as const) {
    const outcome = await play(t, ['backup', ...args]);
    t.is(outcome.code, code, outcome.stderr);
    t.regex(outcome.stderr, says);
    t.false(outcome.scene.requests.includes('POST backups'));
  }
});

test('backup of a stalled policy says so', async (t) => {
  const policy = healthyPolicy();
  policy.status?.conditions?.push(condition('Stalled', 'True', 'InvalidKey', 'A key cannot be read.'));
  const { code, stderr } = await play(t, ['backup', 'shop'], { objects: { backuppolicies: items(policy), backups: [] } });
  t.is(code, 0);
  t.regex(stderr, /^Note: the policy is stalled \(InvalidKey\): A key cannot be read\.\n/);
});

test('backup --wait tells what is new, once, and ends with 0 when it is complete', async (t) => {
  const running = runningBackup().status ?? {};
  const { code, stdout, stderr } = await play(t, ['backup', 'shop', '--wait'], {
    with: (scene) => statuses(scene, {}, running, running, { ...running, phase: 'Verifying' }, completeBackup().status ?? {}),
  });
  t.is(code, 0, stderr);
  t.is(stdout, 'shop-manual-20261122020000\n');
  t.deepEqual(stderr.split('\n'), [
    'Pending',
    'Running: 0 of 2 components dumped · db: dump base.tar',
    'Verifying: 0 of 2 components dumped',
    'Complete: 118 MB in 2m 10s, restorable to 2026-11-22T02:00:03Z. Copies: cloud (Sealed).',
    '',
  ]);
});

test('backup --wait on a terminal writes over one line, with bytes and time', async (t) => {
  const { stderr } = await play(t, ['backup', 'shop', '--wait'], {
    io: { errorTerminal: true, columns: 60, startTime: Date.parse('2026-11-22T05:12:30Z') },
    with: (scene) => statuses(scene, runningBackup().status ?? {}, completeBackup().status ?? {}),
  });
  t.true(
    stderr.startsWith('\r\u001b[K12 MB, 1m 30s  Running: 0 of 2 components dumped · db: dump\r\u001b[KComplete: '),
    JSON.stringify(stderr),
  );
});

test('backup --wait ends with 1 when it failed in part, waits for a person, or was deleted', async (t) => {
  const partial = await play(t, ['backup', 'shop', '--wait'], { with: (scene) => statuses(scene, partialBackup().status ?? {}) });
  t.is(partial.code, 1);
  t.regex(
    partial.stderr,
    /^Error \(PartiallyFailed\): PartiallyFailed: stock: �\[2Jthe password\nis wrong\nNext: Mend what the message names/m,
  );

  const conditions = [
    condition('Succeeded', 'Unknown', 'AgentImageMissing', 'no image'),
    condition('Stalled', 'True', 'AgentImageMissing', 'no image'),
  ];
  const stalled = await play(t, ['backup', 'shop', '--wait'], { with: (scene) => statuses(scene, { conditions }) });
  t.is(stalled.code, 1);
  t.regex(stalled.stderr, /Error \(AgentImageMissing\): waits for a person: no image\nNext: Add the image/);

  const deleted = await play(t, ['backup', 'shop', '--wait'], {
    with: (scene) => {
      scene.intercept = (request) => {
        scene.objects['backups'] = request.startsWith('GET backups/') ? [] : (scene.objects['backups'] ?? []);
        return undefined;
      };
    },
  });
  t.is(deleted.code, 1);
  t.regex(deleted.stderr, /Error \(Deleted\): /);
});

test('backup --wait: Ctrl-C and a timeout leave the backup running, and say so', async (t) => {
  const interrupting = new AbortController();
  const stopped = await play(t, ['backup', 'shop', '--wait'], {
    io: { interrupt: () => interrupting.signal },
    with: (scene) => {
      statuses(scene, runningBackup().status ?? {});
      scene.changes = () => {
        setTimeout(() => interrupting.abort(), 20);
        return [];
      };
    },
  });
  t.is(stopped.code, 5);
  t.regex(
    stopped.stderr,
    /Error \(Interrupted\): Stopped looking; the Backup shop\/shop-manual-20261122020000 goes on in the cluster\.\nNext: .*kubectl delete backup/,
  );
  t.is(stopped.scene.objects['backups']?.length, 1);

  const late = await play(t, ['backup', 'shop', '--wait', '--timeout', '30s'], {
    io: { alarmSpeed: 20 },
    with: (scene) => statuses(scene, {}),
  });
  t.is(late.code, 5);
  t.regex(late.stderr, /The operator has not looked at it yet\. Is it running\?/);
  t.regex(late.stderr, /Error \(TimedOut\): It has not ended after 30s; the Backup/);
});

test('backup --wait bears an API server that is away for a while, not for ever', async (t) => {
  let looks = 0;
  const backOn = await play(t, ['backup', 'shop', '--wait'], {
    with: (scene) => {
      scene.intercept = (request) => {
        if (!request.startsWith('GET backups/')) {
          return undefined;
        }
        looks += 1;
        const [backup] = scene.objects['backups'] ?? [];
        if (backup !== undefined) {
          backup['status'] = completeBackup().status;
        }
        return looks < 10 ? unavailable : undefined;
      };
    },
  });
  t.is(backOn.code, 0, backOn.stderr);

  const away = await play(t, ['backup', 'shop', '--wait'], { with: failing({ 'GET backups/': unavailable }) });
  t.is(away.code, 5);
  t.regex(away.stderr, /^The API server does not answer; asking again for a minute\.\nError \(ServiceUnavailable\): .*etcd is away/);
});

test('refusals and failures of the API server: each with its code and a next step', async (t) => {
  const cases: [string[], Play['with'], number, RegExp][] = [
    [
      ['backup', 'shop'],
      failing({ 'POST backups': forbidden }),
      4,
      /Error \(Forbidden\): .*User "eve" cannot create resource "backups"\nNext: Ask for the right/,
    ],
    [
      ['backup', 'shop'],
      failing({
        'POST backups': {
          status: 422,
          body: {
            kind: 'Status',
            code: 422,
            reason: 'Invalid',
            message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: not you",
          },
        },
      }),
      4,
      /Error \(AdmissionDenied\): .*denied request: not you\nNext: Change what the message names/,
    ],
    [
      ['backup', 'shop'],
      failing({
        'POST backups': { status: 422, body: { kind: 'Status', code: 422, reason: 'Invalid', message: 'spec.components[0]: too long' } },
      }),
      4,
      /Error \(Invalid\): .*too long/,
    ],
    [
      ['status'],
      failing({ 'GET ': { status: 401, body: { kind: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' } } }),
      4,
      /Error \(Unauthorized\): .*\nNext: The login has expired/,
    ],
    [['status'], failing({ 'GET ': unknownPath }), 3, /Error \(NotInstalled\): .*\nNext: Install the chart/],
    [['status', 'shop'], failing({ 'GET ': unknownPath }), 3, /Error \(NotInstalled\)/],
    [['list'], failing({ 'GET ': unavailable }), 5, /Error \(ServiceUnavailable\)/],
    [['logs', 'absent'], undefined, 3, /Error \(BackupNotFound\): There is no Backup "absent" in the namespace "shop"/],
    [['list', 'absent'], undefined, 3, /Error \(PolicyNotFound\)/],
    [['status', '-n', 'a/b'], undefined, 2, /"a\/b" is no name of a namespace/],
  ];
  for (const [args, prepare, code, says] of cases) {
    const outcome = await play(t, args, prepare === undefined ? {} : { with: prepare });
    t.is(outcome.code, code, `${args.join(' ')}: ${outcome.stderr}`);
    t.regex(outcome.stderr, says);
    t.is(outcome.stdout, '');
  }
  const taken = {
    backuppolicies: items(healthyPolicy()),
    backups: items({ ...completeBackup(), metadata: { ...completeBackup().metadata, name: 'mine' } }),
  };
  const again = await play(t, ['backup', 'shop', '--name', 'mine'], { objects: taken });
  t.is(again.code, 4);
  t.regex(again.stderr, /Error \(AlreadyExists\): .*\nNext: Take another name/);
});

test('an API server that does not answer is 5, not an empty list', async (t) => {
  const { code, stdout, stderr } = await runHere(['list', '--kubeconfig', (await closedServer()).kubeconfig]);
  t.is(code, 5, stderr);
  t.is(stdout, '');
  t.regex(stderr, /Error \(ApiUnreachable\): Could not list backups: the API server did not answer .*\nNext: Check cluster and network/);
});

const closedServer = async () => {
  const server = await startApiServer({});
  server.close();
  return server;
};

test('status and list for tools', async (t) => {
  const objects = { backuppolicies: items(healthyPolicy()), backups: items(runningBackup(), completeBackup()) };
  const status = await play(t, ['status', 'shop', '-o', 'json'], { objects, io: { startTime: Date.parse('2026-11-22T02:10:03Z') } });
  const report = JSON.parse(status.stdout);
  t.is(report.exposure.seconds, 600);
  t.is(report.running[0].backup, 'shop-manual-20261122051100');
  const all = await play(t, ['status', '-A', '-o', 'yaml'], { objects });
  t.is(parse(all.stdout).policies[0].name, 'shop');
  const list = await play(t, ['list', 'shop', '-o', 'json'], { objects });
  const { kind, items: found } = JSON.parse(list.stdout);
  t.is(kind, 'List');
  t.deepEqual(
    found.map((each: Item) => [each['kind'], each.metadata.name]),
    [
      ['Backup', 'shop-manual-20261122051100'],
      ['Backup', 'shop-full-202611220200'],
    ],
  );
});

test('where there is nothing, tools get an empty list and people a sentence', async (t) => {
  const objects = { backuppolicies: [], backups: [] };
  const status = await play(t, ['status'], { objects });
  t.deepEqual([status.code, status.stdout, status.stderr], [0, '', 'No policies in the namespace "shop"; -A looks at all namespaces.\n']);
  t.deepEqual(JSON.parse((await play(t, ['status', '-o', 'json'], { objects })).stdout), { policies: [] });
  const list = await play(t, ['list', 'shop'], { objects: { ...objects, backuppolicies: items(healthyPolicy()) } });
  t.deepEqual([list.code, list.stderr], [0, 'No Backups in the namespace "shop" of the policy "shop".\n']);
  t.deepEqual(JSON.parse((await play(t, ['list', '-o', 'json'], { objects })).stdout).items, []);
});

test('adopt does nothing without --take-over and the policy written out, and says who writes now', async (t) => {
  const policy = healthyPolicy();
  const writer = 'cloud: its writer is the policy shop/shop of the cluster b (epoch 2)';
  const superseded = {
    ...policy,
    status: { ...policy.status, conditions: [condition('StorageHealthy', 'False', 'WriterSuperseded', writer)] },
  };
  for (const [args, code] of [
    [[], 2],
    [['--take-over'], 4],
    [['--take-over', '--confirm', 'shop/other'], 4],
  ] as const) {
    const outcome = await play(t, ['adopt', 'shop', ...args], { objects: { backuppolicies: items(superseded) } });
    t.is(outcome.code, code, outcome.stderr);
    t.regex(outcome.stderr, /its writer is the policy shop\/shop of the cluster b/);
    t.false(outcome.scene.requests.some((request) => request.startsWith('PATCH')));
  }
});

test('adopt asks the operator and ends with what became of it', async (t) => {
  const answers = [
    [{ state: 'Done', epoch: 3 }, '10m', 0, /shop\/shop is the writer now, in epoch 3/],
    [{ state: 'Failed', message: 'WriterReplaced: somebody else' }, '10m', 1, /AdoptionFailed\): WriterReplaced: somebody else/],
    [{ state: 'Running' }, '3s', 5, /AdoptionOpen.*may still happen/],
  ] as const;
  for (const [answer, timeout, code, says] of answers) {
    const outcome = await play(t, ['adopt', 'shop', '--take-over', '--confirm', 'shop/shop', '--timeout', timeout], {
      io: { alarmSpeed: 20 },
      with: (scene) => {
        scene.onPatch = (item) => {
          const request = item.metadata.annotations?.['holdfast.dev/take-over'];
          item['status'] = { ...(item['status'] as object), adoption: { request, ...answer } };
        };
      },
    });
    t.is(outcome.code, code, outcome.stderr);
    t.regex(outcome.stdout + outcome.stderr, says);
    t.deepEqual(
      outcome.scene.requests.filter((request) => request.startsWith('PATCH')),
      ['PATCH backuppolicies/shop'],
    );
  }
});
