// The plans that the operator gives to agents.
import test from 'ava';
import type { JobVerb } from '../../src/core/jobs/request.ts';
import { build, containerOf, everything, planOf, podOf, record } from './job-cases.ts';

const inOrder = (words: string[]): string => words.toSorted((a, b) => a.localeCompare(b)).join(' ');
const keysOf = (verb: JobVerb): string => inOrder(Object.keys(planOf(build(verb))));
const sorted = (text: string): string => inOrder(text.split(' '));

test('plans hold what their verb needs, and no more', (t) => {
  const base = 'clusterId policy verb verificationKeys';
  t.is(
    keysOf('dump'),
    sorted(`${base} attempt backup component deadlineSeconds postgresql recipients signingKeyFile stateRecipientFile tier`),
  );
  t.is(keysOf('seal'), sorted(`${base} backup components failed signingKeyFile tier`));
  t.is(keysOf('copy'), sorted(`${base} backup from to`));
  t.is(keysOf('check'), sorted(`${base} backupId tier`));
  t.is(keysOf('logs'), sorted(`${base} logsOf tier`));
  t.is(keysOf('inspect'), sorted(`${base} tier verification`));
  t.is(keysOf('audit'), sorted(`${base} attempt record signingKeyFile tier`));
  t.deepEqual(planOf(build('audit')).record, record);
  t.is(keysOf('adopt'), sorted(`${base} signingKeyFile tiers`));
  t.is(
    keysOf('receive'),
    sorted(
      `${base} component deadlineSeconds flushSeconds maxRetainedBytes mode postgresql recipients signingKeyFile slot synchronous tiers`,
    ),
  );
  t.is(planOf(build('dump')).tier.location.directory, '/holdfast/tiers/local/shop/shop', 'one prefix is one policy');
  t.is(planOf(build('copy')).to.location.prefix, 'shop/shop');
});

test('a receiver is told of every tier, of those that acknowledge, and of the slot', (t) => {
  const plan = planOf(build('receive'));
  t.like(plan, { component: 'db', mode: 'Once', slot: 'holdfast_shop_shop_db', flushSeconds: 90, maxRetainedBytes: 1024 ** 3 });
  t.deepEqual(
    plan.tiers.map(({ name, acknowledge }: { name: string; acknowledge: boolean }) => [name, acknowledge]),
    [
      ['local', false],
      ['cloud', true],
      ['made', false],
    ],
  );
  t.deepEqual(
    Object.keys(plan.postgresql).toSorted((a, b) => a.localeCompare(b)),
    ['caFile', 'credentialsDirectory', 'database', 'host', 'port', 'sslMode', 'version'],
  );
  t.is(planOf(build('receive', { receive: { mode: 'Continuous' } })).deadlineSeconds, undefined);
  t.throws(() => build('receive', { component: 'plain' }), { message: /"plain" has no WAL archive/ });
});

test('a dump that builds on another backup starts without the identity, too: it says then that the copy is whole', (t) => {
  const job = build('dump', { parent: 'an-earlier-backup' }, everything());
  const optional = (podOf(job).volumes ?? []).filter(({ secret }) => secret?.optional === true).map(({ name }) => name);
  t.deepEqual(optional, ['state-identity']);
  const [identity] = (containerOf(job).volumeMounts ?? []).filter(({ name }) => name === 'state-identity');
  t.like(planOf(job), {
    backup: { type: 'Full' },
    increment: { parentId: 'an-earlier-backup', stateIdentityFile: `${identity?.mountPath}/identity`, required: false },
  });
  t.is(planOf(build('dump')).increment, undefined);
  const required = everything();
  Object.assign(required.spec.components[0]?.postgresql?.physical ?? {}, { incremental: 'Required' });
  t.true(planOf(build('dump', { parent: 'an-earlier-backup' }, required)).increment.required);
});
