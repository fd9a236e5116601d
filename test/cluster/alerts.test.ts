// The whole operator, with a planted policy that cannot work: one mail, also where the operator is killed, one when it is mended, and figures.
import test from 'ava';
import { installCrds } from './crds.ts';
import { mustKubectl, run } from './kubectl.ts';
import { policy } from './operator-objects.ts';
import { startOperator } from './operator-process.ts';
import type { OperatorProcess } from './operator-process.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';
import { rightPolicy } from '../api/right-inputs.ts';
import { eventually, sleep } from '../kube/on-server.ts';
import { startMailServer } from '../notify/mail-server.ts';
import { makeFolder } from '../notify/settings.ts';

const namespace = 'holdfast-test-alerts';
const running = new Set<OperatorProcess>();

test.before(async () => {
  await installCrds();
  await ownNamespaces(namespace);
});
test.after.always(async () => {
  await Promise.all([...running].filter((each) => each.isRunning()).map((each) => each.kill()));
  await dropNamespaces(namespace);
  await letIn(namespace);
});

const apply = (object: object): Promise<string> => mustKubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(object));

test('a policy that cannot work: one mail, one when it is mended, and it stands in the figures and in the plugin', async (t) => {
  const folder = await makeFolder();
  const mails = await startMailServer(folder.certificates);
  t.teardown(async () => {
    await mails.close();
    folder.remove();
  });
  const routes = { default: { email: { to: ['ops@example.org'] } } };
  const settings = { NOTIFY_SETTINGS: folder.settings({ smtp: folder.smtp(mails.port), routes }) };
  const start = async (): Promise<OperatorProcess> => {
    const operator = await startOperator(namespace, settings);
    running.add(operator);
    return operator;
  };
  const subjects = (): string[] => mails.received.map(({ headers }) => headers.get('subject') ?? '');
  const alert = async (field: string): Promise<string> =>
    mustKubectl(['get', 'hbp', 'shop', '--namespace', namespace, '--output', `jsonpath={.status.alerts[*].${field}}`]);

  const first = await start();
  const { encryption } = rightPolicy().spec;
  // A recipient whose checksum does not fit: the API server cannot see that.
  await apply(policy('shop', { encryption }));
  await eventually('the mail has come', () => mails.received.length > 0);
  await eventually('the status remembers it', async () => (await alert('notifiedTime')) !== '');
  t.deepEqual(subjects(), [`[Holdfast critical] ${namespace}/shop: the policy cannot work as it is written`]);
  t.regex(mails.received[0]?.text ?? '', /spec\.encryption\.recipients\[0\]/);

  const page = await fetch(`http://127.0.0.1:${String(first.log.find(({ message }) => message === 'Ready')?.['port'])}/metrics`);
  const figures = await page.text();
  t.is(page.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.true(
    figures.includes(
      `holdfast_incidents_open{namespace="${namespace}",policy="shop",alert="HoldfastPolicyStalled",severity="critical"} 1\n`,
    ),
  );
  t.regex(figures, /holdfast_api_requests_total\{verb="patch",resource="backuppolicies\/status",code="200"\} [1-9]/);
  t.regex(figures, /holdfast_watch_lists_total\{resource="backups"\} 1\n/);
  t.regex(figures, /holdfast_notify_deliveries_total\{sink="email",outcome="delivered"\} 1\n/);
  t.regex(
    (await run(process.execPath, ['src/cli.ts', 'status', 'shop', '--namespace', namespace])).stdout,
    /HoldfastPolicyStalled +critical/,
  );
  await first.kill();

  const second = await start();
  await sleep(1500);
  t.is(mails.received.length, 1, `told once: ${subjects().join(' ')}`);
  await apply(policy('shop', { suspend: true }));
  await eventually('its end was told', () => mails.received.length > 1);
  await eventually('nothing is open', async () => (await alert('name')) === '');
  t.is(await second.stop(), 0);
  t.deepEqual(subjects().slice(1), [`[Holdfast resolved] ${namespace}/shop: the policy cannot work as it is written`]);
});
