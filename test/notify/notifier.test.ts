// The notifier on the real API server with real servers for mail and heartbeats: one mail for each incident and one when it is over,
// whatever dies or is away in between.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { Condition } from '../../src/api/run-status.ts';
import { createCaches } from '../../src/controllers/caches.ts';
import { backupPolicies, backups } from '../../src/controllers/resources.ts';
import { createClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connection.ts';
import { createNotifications } from '../../src/notify/notifications.ts';
import { installCrds } from '../cluster/crds.ts';
import { policy as policyObject } from '../cluster/operator-objects.ts';
import { dropNamespaces, letIn, ownNamespaces } from '../cluster/shut-out.ts';
import { eventually, sleep } from '../kube/on-server.ts';
import { startProxy } from '../kube/proxy.ts';
import type { ApiProxy } from '../kube/proxy.ts';
import { startHeartbeatServer } from './heartbeat-server.ts';
import { startMailServer } from './mail-server.ts';
import type { MailServerProcess } from './mail-server.ts';
import { makeFolder, memoryLog } from './settings.ts';
import type { Folder } from './settings.ts';

const namespace = 'holdfast-test-notifier';
const { log, lines } = memoryLog();
let folder: Folder;
let proxy: ApiProxy;
let client: KubeClient;

test.before(async () => {
  await installCrds();
  await ownNamespaces(namespace);
  folder = await makeFolder();
  proxy = await startProxy();
  client = createClient(connect(proxy.config()));
});
test.after.always(async () => {
  await client.close();
  await proxy.close();
  folder.remove();
  await dropNamespaces(namespace);
  await letIn(namespace);
});

// A notifier as the operator runs it, only more impatient. Returns how to end it.
const startNotifier = async (settingsFile: string, given = client) => {
  const stop = new AbortController();
  const caches = createCaches(given, log, namespace);
  const pace = { readEveryMilliseconds: 100, backoff: { firstMilliseconds: 200, mostMilliseconds: 400 } };
  const { policies, backups: runs, backupsOf, restores, restoresOf } = caches;
  const notifications = await createNotifications({
    client: given,
    policies,
    backups: runs,
    backupsOf,
    restores,
    restoresOf,
    log,
    now: Date.now,
    clusterId: 'a-cluster',
    counted: () => undefined,
    settingsFile,
    pace,
  });
  const parts = [policies.run(stop.signal), runs.run(stop.signal), restores.run(stop.signal), notifications.notifier.run(stop.signal)];
  const ended = Promise.all([...parts, notifications.watchSettings(stop.signal)]);
  return async () => {
    stop.abort();
    await ended;
  };
};

const ago = (seconds: number): string => `${new Date(Date.now() - seconds * 1000).toISOString().slice(0, 19)}Z`;
const condition = (type: string, status: Condition['status'], reason: string): Condition => ({
  type,
  status,
  reason,
  message: `${type} is ${status}`,
  lastTransitionTime: ago(7200),
});
const violated = condition('RPOMet', 'False', 'RestorePointTooOld');
const met = condition('RPOMet', 'True', 'RestorePointFresh');

const makePolicy = async (name: string, spec: object = {}): Promise<void> => {
  await client.create(backupPolicies, { ...policyObject(name, spec), metadata: { name, namespace } });
};
const readPolicy = async (name: string): Promise<BackupPolicy> => (await client.get<BackupPolicy>(backupPolicies, { namespace, name }))!;
const statusOf = async (name: string): Promise<PolicyStatus> => (await readPolicy(name)).status ?? {};
// Says it as the policy's own controller would: the other conditions stay.
const say = async (name: string, ...conditions: Condition[]): Promise<void> => {
  const before = ((await statusOf(name)).conditions ?? []).filter(({ type }) => !conditions.some((each) => each.type === type));
  await client.patch(
    backupPolicies,
    { namespace, name },
    { status: { conditions: [...before, ...conditions] } },
    { subresource: 'status' },
  );
};
const openAlerts = async (name: string): Promise<string[]> => ((await statusOf(name)).alerts ?? []).map((alert) => alert.name);
const failing = async (name: string): Promise<string | undefined> =>
  (await statusOf(name)).conditions?.find(({ type }) => type === 'NotifyFailing')?.reason;
const subjects = ({ received }: MailServerProcess, name: string): string[] =>
  received.map(({ headers }) => headers.get('subject') ?? '').filter((subject) => subject.includes(`${namespace}/${name}:`));

const mailServer = async (t: ExecutionContext, port = 0): Promise<MailServerProcess> => {
  const running = await startMailServer(folder.certificates, {}, port);
  t.teardown(() => running.close());
  return running;
};
const toOps = { default: { email: { to: ['ops@example.org'] } } };

test.serial('one mail when an incident opens and one when it is over, also over restarts', async (t) => {
  const mails = await mailServer(t);
  const settings = folder.settings({ smtp: folder.smtp(mails.port), routes: toOps });
  await makePolicy('shop');
  await say('shop', violated, condition('Ready', 'True', 'Armed'));

  const first = await startNotifier(settings);
  await eventually('the mail has come', () => mails.received.length === 1);
  await eventually('the status remembers it', async () => (await statusOf('shop')).alerts?.[0]?.notifiedTime !== undefined);
  t.deepEqual(subjects(mails, 'shop'), [`[Holdfast critical] ${namespace}/shop: more could be lost than was promised`]);
  t.is((await statusOf('shop')).alerts?.[0]?.since, violated.lastTransitionTime);
  await first();

  const second = await startNotifier(settings);
  await say('shop', { ...violated, message: 'it goes on' });
  await sleep(1000);
  t.is(mails.received.length, 1, 'nothing new to tell');
  await second();
  await say('shop', met);

  const third = await startNotifier(settings);
  await eventually('its end was told', () => mails.received.length === 2);
  await eventually('nothing is open', async () => (await openAlerts('shop')).length === 0);
  t.is(subjects(mails, 'shop')[1], `[Holdfast resolved] ${namespace}/shop: more could be lost than was promised`);
  const [opened, resolved] = mails.received;
  t.is(resolved?.headers.get('references'), opened?.headers.get('message-id'));
  t.is(resolved?.headers.get('in-reply-to'), opened?.headers.get('message-id'));
  await third();
  t.is((await statusOf('shop')).alerts, undefined);
  t.is(await failing('shop'), undefined);
});

test.serial('while the mail server is away the incident stays due, and the status says so; then one mail comes', async (t) => {
  const away = await startMailServer(folder.certificates);
  await away.close();
  const settings = folder.settings({ smtp: folder.smtp(away.port), routes: toOps });
  await makePolicy('patient');
  await say('patient', violated);
  const first = await startNotifier(settings);
  await eventually('the status says so', async () => (await failing('patient')) === 'DeliveryFailed');
  t.regex((await statusOf('patient')).alerts?.[0]?.problem ?? '', /could not reach the mail server/);
  const writes = proxy.seen.filter(({ method }) => method === 'PATCH').length;
  await sleep(1500);
  t.is(proxy.seen.filter(({ method }) => method === 'PATCH').length, writes, 'trying again writes nothing');
  await first();

  const second = await startNotifier(settings);
  await sleep(500);
  const mails = await mailServer(t, away.port);
  await eventually('the mail has come', () => mails.received.length > 0);
  await eventually('the condition is gone', async () => (await failing('patient')) === undefined);
  await sleep(1000);
  t.deepEqual(subjects(mails, 'patient'), [`[Holdfast critical] ${namespace}/patient: more could be lost than was promised`]);
  t.is((await statusOf('patient')).alerts?.[0]?.problem, undefined);
  await second();
});

test.serial('a write that is lost makes no second mail; a process that died before it sends the same mail once more', async (t) => {
  const mails = await mailServer(t);
  const settings = folder.settings({ smtp: folder.smtp(mails.port), routes: toOps });
  await makePolicy('flaky');
  await say('flaky', violated);
  const unavailable = {
    status: 503,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 503, reason: 'ServiceUnavailable' },
  };
  proxy.answerBy(({ method }) => (method === 'PATCH' ? unavailable : undefined));
  const first = await startNotifier(settings);
  await eventually('the mail has come', () => subjects(mails, 'flaky').length === 1);
  await sleep(1500);
  t.is(subjects(mails, 'flaky').length, 1, 'tried to write again and again, and told once');
  await first();

  const second = await startNotifier(settings);
  await eventually('the mail has come again', () => subjects(mails, 'flaky').length === 2);
  t.is(new Set(mails.received.map(({ headers }) => headers.get('message-id'))).size, 1, 'clients show one');
  proxy.answerBy(() => undefined);
  await eventually('the status remembers it', async () => (await statusOf('flaky')).alerts?.[0]?.notifiedTime !== undefined);
  await second();
});

// A Backup that ended some seconds ago.
const ended = async (policy: string, name: string, phase: 'Complete' | 'Failed', seconds: number): Promise<void> => {
  await client.create(backups, {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'Backup',
    metadata: { name, namespace, annotations: { 'holdfast.dev/slot': ago(seconds) } },
    spec: { policyRef: { name: policy } },
  });
  await client.patch<Backup>(backups, { namespace, name }, { status: { phase, endTime: ago(seconds) } }, { subresource: 'status' });
};

test.serial('a run that ended well sends one heartbeat and no mail; one that failed sends a mail and no heartbeat', async (t) => {
  const [mails, watcher] = [await mailServer(t), await startHeartbeatServer()];
  t.teardown(() => watcher.close());
  folder.write('url', `${watcher.url}/secret-key/{namespace}/{policy}`);
  const route = { default: { ...toOps.default, heartbeat: { urlFile: folder.path('url') } } };
  const settings = folder.settings({ smtp: folder.smtp(mails.port), routes: route });
  await makePolicy('beating');
  watcher.state.status = 503;
  const first = await startNotifier(settings);
  await ended('beating', 'beating-1', 'Complete', 60);
  await eventually('the status says that the heartbeat fails', async () => (await failing('beating')) === 'DeliveryFailed');
  watcher.state.status = 200;
  await eventually('the status remembers it', async () => (await statusOf('beating')).heartbeat?.backup === 'beating-1');
  await eventually('the condition is gone', async () => (await failing('beating')) === undefined);
  await first();
  t.true(watcher.received.every((line) => line === `POST /secret-key/${namespace}/beating`));

  const before = watcher.received.length;
  const second = await startNotifier(settings);
  await ended('beating', 'beating-2', 'Failed', 30);
  await eventually('the failed run was told', () => subjects(mails, 'beating').length === 1);
  await sleep(500);
  t.is(watcher.received.length, before, 'told once, also after a restart; a failed run beats for nobody');
  await ended('beating', 'beating-3', 'Complete', 5);
  await eventually('the next success beats', () => watcher.received.length === before + 1);
  await eventually('and ends the incident', () => subjects(mails, 'beating').length === 2);
  await second();
  t.deepEqual(subjects(mails, 'beating'), [
    `[Holdfast warning] ${namespace}/beating: the last backup failed`,
    `[Holdfast resolved] ${namespace}/beating: the last backup failed`,
  ]);
  t.notRegex(lines.join('\n') + JSON.stringify(await readPolicy('beating')), /secret-key/);
});

test.serial('a route that is not there is said in the policy; when it is added the mail comes', async (t) => {
  const mails = await mailServer(t);
  const settings = folder.settings({ smtp: folder.smtp(mails.port), routes: toOps });
  await makePolicy('lost', { notify: { route: 'night' } });
  await say('lost', violated);
  const stop = await startNotifier(settings);
  await eventually('the policy says so', async () => (await failing('lost')) === 'RouteMissing');
  t.deepEqual(subjects(mails, 'lost'), [], 'no other route takes its place');
  t.deepEqual(await openAlerts('lost'), ['HoldfastRPOViolated'], 'the incident is there');
  folder.settings({ smtp: folder.smtp(mails.port), routes: { ...toOps, night: { email: { to: ['night@example.org'] } } } });
  await eventually('the mail has come', () => subjects(mails, 'lost').length === 1);
  await eventually('the condition is gone', async () => (await failing('lost')) === undefined);
  t.deepEqual(mails.received.find(({ headers }) => headers.get('subject')?.includes('/lost:'))?.to, ['night@example.org']);
  await stop();
});
