// Election by a Lease on an API server of the test's own, with short times: who leads, who watches, and when nobody may write any more.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import * as fc from 'fast-check';
import type { Election } from '../../src/kube/election.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { createElection } from '../../src/kube/leader.ts';
import type { ElectionOptions } from '../../src/kube/leader.ts';
import { decideLease } from '../../src/kube/lease-decision.ts';
import type { LeaseFacts } from '../../src/kube/lease-decision.ts';
import { leases } from '../../src/kube/lease.ts';
import type { Lease } from '../../src/kube/lease.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { startServer } from './own/server.ts';
import type { OwnServer } from './own/server.ts';
import { sleep } from './patience.ts';

const quiet = createLog(() => undefined);
const limits = { leaseMilliseconds: 25_000, renewMilliseconds: 10_000, loseMilliseconds: 20_000 };
const other = { holder: 'other', milliseconds: 25_000 };
const mine = { holder: 'me', milliseconds: 25_000 };

const decisions: [string, Omit<LeaseFacts, 'me' | 'now'>, string][] = [
  ['there is no Lease', {}, 'write'],
  ['it was deleted just now: its holder may still work', { changedAt: 99_000 }, 'wait 24000'],
  ['it was deleted long ago', { changedAt: 75_000 }, 'write'],
  ['it was released', { record: { holder: '', milliseconds: 1000 }, changedAt: 100_000 }, 'write'],
  ['somebody holds it', { record: other, changedAt: 90_000 }, 'wait 15000'],
  ['its holder has been silent for too long', { record: other, changedAt: 75_000 }, 'write'],
  ['its holder asked for more time', { record: { ...other, milliseconds: 60_000 }, changedAt: 75_000 }, 'wait 35000'],
  ['its holder asked for a year', { record: { ...other, milliseconds: 31_536_000_000 }, changedAt: 80_000 }, 'wait 5000'],
  ['its holder named no time', { record: { ...other, milliseconds: 0 }, changedAt: 80_000 }, 'wait 5000'],
  ['it names us, and nobody told us', { record: mine, changedAt: 99_000 }, 'write'],
  ['we hold it', { record: mine, changedAt: 92_000, renewedAt: 92_000 }, 'wait 2000'],
  ['it is time to renew', { record: mine, changedAt: 90_000, renewedAt: 90_000 }, 'write'],
  ['we could not renew for too long', { record: mine, changedAt: 99_000, renewedAt: 80_000 }, 'lost: last renewed 20.0 s ago'],
  ['somebody has taken it', { record: other, changedAt: 99_000, renewedAt: 95_000 }, 'lost: belongs to other now'],
  ['somebody has released ours', { record: { ...mine, holder: '' }, changedAt: 99_000, renewedAt: 95_000 }, 'lost: was released'],
  ['ours was deleted', { changedAt: 99_000, renewedAt: 95_000 }, 'lost: was deleted'],
];
for (const [title, facts, expected] of decisions) {
  test(`decision: ${title}`, (t) => {
    const decision = decideLease({ now: 100_000, me: 'me', ...facts }, limits);
    const [type = '', more = ''] = expected.split(/:? (.*)/);
    t.true(decision.type === type, decision.type);
    t.true((decision.type === 'wait' ? String(decision.milliseconds) : decision.type === 'lost' ? decision.why : '').includes(more));
  });
}

test('decision: whatever was seen when, never do two lead at once, and a silent holder is replaced in time', (t) => {
  const time = fc.integer({ min: 0, max: 60_000 });
  fc.assert(
    fc.property(time, fc.integer({ min: 0, max: 3000 }), time, (sentAt, travels, later) => {
      // Both clocks are shown as one here; only differences count.
      const now = sentAt + later;
      const holder = decideLease({ now, me: 'a', record: { ...mine, holder: 'a' }, changedAt: sentAt, renewedAt: sentAt }, limits);
      const standby = decideLease({ now, me: 'b', record: { ...other, holder: 'a' }, changedAt: sentAt + travels }, limits);
      t.false(holder.type !== 'lost' && standby.type === 'write');
      t.true(later < limits.leaseMilliseconds + travels || standby.type === 'write');
    }),
    { numRuns: 500 },
  );
});

const namespace = 'default';
const short = {
  leaseMilliseconds: 8000,
  renewMilliseconds: 1000,
  loseMilliseconds: 6000,
  retryMilliseconds: 200,
  attemptMilliseconds: 1500,
  releaseMilliseconds: 1000,
};
let server: OwnServer;
test.before(async () => {
  server = await startServer(['counted-leader', 'counted-standby']);
});
test.after.always(() => server.end());

type Candidate = { election: Election; stop: () => Promise<void> };

const candidate = (t: ExecutionContext, name: string, identity: string, options: Partial<ElectionOptions> = {}): Candidate => {
  const election = createElection({ client: server.admin, log: quiet, namespace, name, identity, settings: short, ...options });
  const end = new AbortController();
  const run = election.run(end.signal);
  const stop = (): Promise<void> => {
    end.abort();
    return run;
  };
  t.teardown(stop);
  return { election, stop };
};
const read = async (name: string): Promise<Lease['spec']> => (await server.admin.get<Lease>(leases, { namespace, name }))?.spec ?? {};
const refuses = (t: ExecutionContext, { election }: Candidate, why: RegExp): void => {
  const error = t.throws(() => election.check(), { instanceOf: KubeError, message: why });
  t.is(error?.reason, 'NotLeader');
  t.false(election.isLeading());
};

test('one leads, the other one watches and may write nothing; released, it passes on at once', async (t) => {
  const first = candidate(t, 'pass', 'a');
  await first.election.elected;
  const second = candidate(t, 'pass', 'b');
  await sleep(1500);
  t.true(first.election.isLeading());
  t.notThrows(() => first.election.check());
  refuses(t, second, /was not elected.*Nothing was written/);
  const held = await read('pass');
  t.like(held, { holderIdentity: 'a', leaseDurationSeconds: 8, leaseTransitions: 0 });
  t.regex(held?.renewTime ?? '', /\.\d{6}Z$/);
  t.true((held?.renewTime ?? '') > (held?.acquireTime ?? ''), 'it was renewed');

  const start = performance.now();
  await first.stop();
  refuses(t, first, /is being stopped/);
  await second.election.elected;
  t.true(performance.now() - start < 2000);
  t.like(await read('pass'), { holderIdentity: 'b', leaseTransitions: 1 });
});

test('a holder that says nothing any more is replaced when its time is over, and not before', async (t) => {
  const spec = { holderIdentity: 'dead', leaseDurationSeconds: 8, renewTime: '2026-01-01T00:00:00.000000Z' };
  await server.admin.create(leases, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name: 'silent' },
    spec,
  } as Lease);
  const start = performance.now();
  const next = candidate(t, 'silent', 'a');
  await sleep(2000);
  // A note is no sign of life.
  await server.admin.patch(leases, { namespace, name: 'silent' }, { metadata: { annotations: { note: '1' } } });
  await next.election.elected;
  const seconds = (performance.now() - start) / 1000;
  // However old its times are: clocks of two machines are not compared.
  t.true(seconds >= 7.9 && seconds < 11, `${seconds} s`);
});

test('clocks that are hours apart and jump change nothing', async (t) => {
  let wall = Date.now() - 5 * 3_600_000;
  const first = candidate(t, 'jump', 'a', { wall: () => wall });
  await first.election.elected;
  const second = candidate(t, 'jump', 'b', { wall: () => Date.now() + 86_400_000 });
  for (const jump of [86_400_000, -2 * 86_400_000, 31_536_000_000, -31_536_000_000]) {
    wall += jump;
    await sleep(1300);
    t.true(first.election.isLeading());
    t.false(second.election.isLeading());
  }
});

test('a steady clock that went on while the process slept: the first look at it says so, before anything was noticed', async (t) => {
  let slept = 0;
  const first = candidate(t, 'slept', 'a', { steady: () => performance.now() + slept });
  await first.election.elected;
  slept = 2000;
  t.notThrows(() => first.election.check());
  slept = 60_000;
  refuses(t, first, /last renewed \d+\.\d s ago/);
  t.is((await first.election.lost).reason, 'NotLeader');
  slept = 0;
  refuses(t, first, /last renewed/);
});

test('a Lease that somebody else took, released or deleted is lost at once, and is not taken back', async (t) => {
  const changes: [string, () => Promise<unknown>, RegExp][] = [
    ['taken', () => server.admin.patch(leases, { namespace, name: 'taken' }, { spec: { holderIdentity: 'thief' } }), /belongs to thief/],
    ['freed', () => server.admin.patch(leases, { namespace, name: 'freed' }, { spec: { holderIdentity: '' } }), /released by somebody/],
    ['deleted', () => server.admin.delete(leases, { namespace, name: 'deleted' }), /was deleted/],
  ];
  for (const [name, change, why] of changes) {
    const holder = candidate(t, name, 'a');
    await holder.election.elected;
    const start = performance.now();
    await change();
    t.regex((await holder.election.lost).message, why);
    t.true(performance.now() - start < 900, 'before the next renewal');
    refuses(t, holder, why);
    await holder.stop();
    t.not((await read(name))?.holderIdentity, 'a');
  }
});

test('of many that stand at once one leads', async (t) => {
  const all = ['a', 'b', 'c', 'd', 'e'].map((identity) => candidate(t, 'crowd', identity));
  await Promise.race(all.map(({ election }) => election.elected));
  await sleep(1500);
  t.is(all.filter(({ election }) => election.isLeading()).length, 1);
});

test('nobody stands before it knows the cluster', async (t) => {
  const ready = Promise.withResolvers<void>();
  const first = candidate(t, 'ready', 'a', { ready: ready.promise });
  await sleep(500);
  t.is(await server.admin.get(leases, { namespace, name: 'ready' }), undefined);
  ready.resolve();
  await first.election.elected;
});

test('the one that watches asks for nothing while nothing changes: a list and a watch in all', async (t) => {
  const rules = [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'list', 'watch', 'patch'] }];
  const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await server.admin.create(
    { ...rbac, plural: 'roles', kind: 'Role' },
    {
      apiVersion,
      kind: 'Role',
      metadata: { name: 'lease', namespace },
      rules,
    },
  );
  await server.admin.create(
    { ...rbac, plural: 'rolebindings', kind: 'RoleBinding' },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: { name: 'lease', namespace },
      roleRef: { apiGroup: rbac.group, kind: 'Role', name: 'lease' },
      subjects: ['counted-leader', 'counted-standby'].map((name) => ({ apiGroup: rbac.group, kind: 'User', name })),
    },
  );
  const first = candidate(t, 'counted', 'a', { client: server.client('counted-leader') });
  await first.election.elected;
  candidate(t, 'counted', 'b', { client: server.client('counted-standby') });
  await sleep(4500);
  const asked = (user: string): string[] => server.audited().flatMap((one) => (one.user === user ? [one.verb] : []));
  t.deepEqual(asked('counted-standby'), ['list', 'watch']);
  const [list, ...others] = asked('counted-leader');
  t.is(list, 'list');
  t.deepEqual([...new Set(others)].toSorted(), ['create', 'patch', 'watch']);
  const patches = others.filter((verb) => verb === 'patch').length;
  t.true(patches >= 3 && patches <= 5, `${patches} renewals in 4.5 s`);
});
