// Log backups in the plugin: started, waited for, listed, shown, and their logs.
import test from 'ava';
import { label } from '../../src/api/group.ts';
import type { Backup } from '../../src/api/objects.ts';
import { archiving, makeBackup, makePolicy } from '../core/fixtures.ts';
import type { Item } from './api-server.ts';
import { completeBackup, condition, healthyPolicy } from './examples.ts';
import { items, play } from './play.ts';

const log = (name: string, endTime: string, status: object = {}): Backup =>
  makeBackup(
    { phase: 'Complete', startTime: '2026-11-22T05:00:00Z', endTime, duration: '3s', components: [archived], ...status },
    { name, uid: `uid of ${name}`, creationTimestamp: '2026-11-22T05:00:00Z' },
    { type: 'Log' },
  );
const archived = {
  name: 'db',
  outcome: 'Succeeded',
  timeline: 2,
  storedLsn: '1/5000028',
  restorableTo: '2026-11-22T05:00:01.250Z',
} as const;
const caughtUp = 'The archive of WAL has caught up: it holds what was committed until 2026-11-22T05:00:01.250Z.';
const complete = (): Backup =>
  log('shop-log-202611220500', '2026-11-22T05:00:03Z', {
    restorableTo: '2026-11-22T05:00:01.250Z',
    conditions: [condition('Succeeded', 'True', 'Archived', caughtUp)],
  });
const failed = (): Backup =>
  log('shop-log-202611220500', '2026-11-22T05:03:00Z', {
    phase: 'Failed',
    components: [{ name: 'db', outcome: 'Failed', message: 'No receiver archives' }],
    conditions: [condition('Succeeded', 'False', 'SourceFailed', 'db: No receiver archives')],
  });
const policy = () =>
  makePolicy(
    { ...healthyPolicy().spec, components: [archiving('db', 'Continuous'), { ...archiving('stock', 'Off') }] },
    healthyPolicy().status,
  );

test('backup --type Log asks for one, where something archives WAL', async (t) => {
  const objects = { backuppolicies: items(policy()), backups: [] };
  const made = await play(t, ['backup', 'shop', '--type', 'log'], { objects });
  t.is(made.code, 0, made.stderr);
  t.like(made.scene.objects['backups']?.[0]?.['spec'], { type: 'Log' });
  for (const [args, given, says] of [
    [['--components', 'stock'], objects, /None of stock archives WAL.*\nNext: Name one that does: db\./],
    [
      [],
      { backuppolicies: items(healthyPolicy()), backups: [] as Item[] },
      /No component of the policy archives WAL.*\nNext: Set postgresql\.walArchive/,
    ],
  ] as const) {
    const refused = await play(t, ['backup', 'shop', '--type', 'Log', ...args], { objects: { ...given } });
    t.is(refused.code, 2);
    t.regex(refused.stderr, says);
    t.false(refused.scene.requests.includes('POST backups'));
  }
});

test('wait for a Log says up to where, or why not', async (t) => {
  const done = await play(t, ['wait', 'backup/shop-log-202611220500'], { objects: { backups: items(complete()) } });
  t.is(done.code, 0, done.stderr);
  t.is(done.stdout, `Complete: in 3s, db up to 1/5000028 on timeline 2. ${caughtUp}\n`);
  const not = await play(t, ['wait', 'backup/shop-log-202611220500'], { objects: { backups: items(failed()) } });
  t.is(not.code, 1);
  t.regex(not.stderr, /SourceFailed.*No receiver archives/);
});

test('list shows a Log without a name in the store', async (t) => {
  const { stdout } = await play(t, ['list', 'shop'], { objects: { backuppolicies: items(policy()), backups: items(complete()) } });
  t.regex(stdout, /shop-log-202611220500 +- +Log +Complete +2026-11-22T05:00:00Z +- +3s +- +2026-11-22T05:00:01Z/);
});

test('status: Logs hide no backup, and a Log that failed is shown', async (t) => {
  const shown = async (...backups: Backup[]) => {
    const status = {
      ...policy().status,
      next: [
        { type: 'Log' as const, time: '2026-11-22T06:00:00Z' },
        { type: 'Full' as const, time: '2026-11-23T02:00:00Z' },
      ],
      logSuccessRate: { window: '30d', scheduled: 700, succeeded: 690, failed: 3, missed: 7, days: [] },
    };
    const objects = { backuppolicies: items({ ...policy(), status }), backups: items(...backups) };
    return {
      page: (await play(t, ['status', 'shop'], { objects })).stdout,
      table: (await play(t, ['status'], { objects })).stdout,
      doctor: (await play(t, ['doctor', 'shop'], { objects })).stdout,
    };
  };
  const broken = makeBackup(
    { phase: 'Failed', startTime: '2026-11-22T02:00:00Z', endTime: '2026-11-22T02:00:01Z', conditions: [] },
    { name: 'broken', uid: 'broken' },
  );
  const hidden = await shown(broken, complete());
  t.regex(hidden.page, /Last run +Failed.*: broken\n/);
  t.regex(hidden.page, /Log slots +700 in 30d: 690 complete in time, 3 failed, 7 missed\n/);
  t.notRegex(hidden.page, /Last Log/);
  t.regex(hidden.table, /Failed.*Full in/);
  t.regex(hidden.doctor, /last Log.*shop-log-202611220500 was complete/);
  const unproven = await shown(completeBackup(), failed());
  t.regex(unproven.page, /Last Log +Failed.*: shop-log-202611220500\n +SourceFailed: db: No receiver archives\n/);
  t.notRegex(unproven.page, /Last run/);
  t.regex(unproven.doctor, /last Log.*shop-log-202611220500 ended Failed/);
});

const pod: Item = {
  metadata: {
    name: 'waits',
    namespace: 'shop',
    uid: 'pod',
    labels: { [label.backup]: 'shop-log-202611220500', [label.verb]: 'receive', [label.component]: 'db', [label.attempt]: '1' },
    creationTimestamp: '2026-11-22T05:00:01Z',
  } as Item['metadata'],
  status: { containerStatuses: [{ name: 'agent', state: { terminated: { exitCode: 0 } } }] },
};

test('logs of a Log come from its pods; none is stored', async (t) => {
  const logs = { waits: [JSON.stringify({ kind: 'log', level: 'info', message: 'Waiting', time: '2026-11-22T05:00:01Z' })] };
  const objects = { backuppolicies: items(policy()), backups: items(complete()), pods: items(pod) };
  const there = await play(t, ['logs', 'shop-log-202611220500'], { objects, logs });
  t.is(there.stdout, '[receive db] 2026-11-22T05:00:01Z INFO  Waiting\n', there.stderr);
  const followed = await play(t, ['logs', 'shop-log-202611220500', '--follow'], { objects, logs });
  t.is(followed.stdout, there.stdout);
  const gone = await play(t, ['logs', 'shop-log-202611220500'], { objects: { ...objects, pods: [] } });
  t.is(gone.code, 3);
  t.regex(gone.stderr, /NoLog.*keeps no log in the store/);
  t.false(gone.scene.requests.some((request) => request.startsWith('PATCH')));
});
