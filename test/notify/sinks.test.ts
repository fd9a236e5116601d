// Mail and heartbeats to real servers, and the settings that say where they go.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { alerts } from '../../src/api/alerts.ts';
import type { AlertStatus } from '../../src/api/policy.ts';
import { sendMail } from '../../src/notify/email.ts';
import { heartbeatUrl, sendHeartbeat } from '../../src/notify/heartbeat.ts';
import { mailOf } from '../../src/notify/message.ts';
import { openSettingsFile } from '../../src/notify/settings-file.ts';
import type { MailServer } from '../../src/notify/settings-file.ts';
import { registerSecret } from '../../src/telemetry/redact.ts';
import { makePolicy } from '../core/fixtures.ts';
import { makeCertificates } from '../stores/certificates.ts';
import { startHeartbeatServer } from './heartbeat-server.ts';
import { password, startMailServer, user } from './mail-server.ts';
import { makeFolder, memoryLog } from './settings.ts';
import type { Folder } from './settings.ts';

let folder: Folder;
test.before(async () => {
  folder = await makeFolder();
});
test.after.always(() => folder.remove());

const alert: AlertStatus = {
  name: 'HoldfastRPOViolated',
  severity: 'critical',
  since: '2026-11-22T02:00:00Z',
  message: 'Nothing newer than <yesterday> & before. The password is hunter2-hunter2.',
};
const mail = (kind: 'opened' | 'resolved' = 'opened', given: Partial<AlertStatus> = {}) =>
  mailOf(
    { kind, alert: { ...alert, ...given }, action: alerts[alert.name].action },
    { policy: makePolicy(), clusterId: 'cluster-uid', from: 'Holdfast <holdfast@example.org>' },
  );

const mailServer = async (t: ExecutionContext, options: Parameters<typeof startMailServer>[1] = {}) => {
  const running = await startMailServer(folder.certificates, options);
  t.teardown(() => running.close());
  return running;
};
const readServer = async (port: number, more: object = {}): Promise<MailServer> => {
  const path = folder.settings({ smtp: folder.smtp(port, more), routes: {} });
  const file = openSettingsFile(path, memoryLog().log, 1000);
  await file.read();
  const server = file.current()?.server;
  if (server === undefined) {
    throw new Error(file.problem());
  }
  return server;
};
const to = ['ops@example.org', 'shop@example.org'];

test.serial('a mail goes over TLS with a login, to everybody of the route, with what to do in its first line', async (t) => {
  const running = await mailServer(t);
  registerSecret('hunter2-hunter2');
  t.deepEqual(await sendMail(await readServer(running.port), to, mail()), { refused: [] });
  t.is(running.received.length, 1);
  const [got] = running.received;
  t.true(got?.secure);
  t.is(got?.from, 'holdfast@example.org');
  t.deepEqual(got?.to, to);
  t.is(got?.headers.get('subject'), '[Holdfast critical] shop/shop: more could be lost than was promised');
  t.is(got?.headers.get('auto-submitted'), 'auto-generated');
  t.regex(got?.headers.get('list-id') ?? '', /<shop\.shop\.holdfast\.example\.org>/);
  t.regex(got?.headers.get('content-type') ?? '', /multipart\/alternative/);
  const text = got?.text ?? '';
  t.regex(text, /text\/plain[^\n]*\n[^\n]*\n\nMend what stops the backups, then start one at once\.\n/, 'the first line is what to do');
  t.regex(text, /<p><strong>Mend what stops the backups, then start one at once\.<\/strong><\/p>/);
  t.regex(text, /kubectl holdfast status shop -n shop/);
  t.regex(text, /&lt;yesterday&gt; &amp; before/);
  t.notRegex(text, /hunter2/);
});

test('mails of one incident make one conversation, those of another do not', (t) => {
  t.is(mail().messageId, mail('opened', { message: 'said otherwise' }).messageId, 'sent twice, it is the same mail');
  t.is(mail('resolved').references, mail().messageId);
  t.not(mail('resolved').messageId, mail().messageId);
  t.not(mail('opened', { since: '2026-11-23T02:00:00Z' }).messageId, mail().messageId);
  t.regex(mail().messageId, /^<[0-9a-f]{24}\.opened@example\.org>$/);
  t.regex(mail('resolved', { notifiedTime: alert.since }).text, /^Nothing to do: "more could be lost than was promised" is over\.\n\n/);
  t.regex(mail('resolved').text, /No mail told that it began/);
});

test.serial('TLS from the start works, too', async (t) => {
  const running = await mailServer(t, { secure: true });
  await sendMail(await readServer(running.port, { tls: 'Implicit' }), to, mail());
  t.true(running.received[0]?.secure);
});

test.serial('nothing is sent without a trusted TLS, and the reason says what to do', async (t) => {
  const plain = await mailServer(t, { disabledCommands: ['STARTTLS'], authOptional: true });
  await t.throwsAsync(sendMail(await readServer(plain.port), to, mail()), {
    code: 'DeliveryFailed',
    message: /no trusted TLS with .*127\.0\.0\.1/,
  });

  const old = await mailServer(t, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  await t.throwsAsync(sendMail(await readServer(old.port), to, mail()), { message: /no trusted TLS/ });

  const running = await mailServer(t);
  const other = await makeFolder();
  t.teardown(() => other.remove());
  const stranger = await makeCertificates(other.path('.'));
  for (const more of [{ caFile: stranger.caFile }, { caFile: undefined }]) {
    await t.throwsAsync(sendMail(await readServer(running.port, more), to, mail()), { message: /notify\.smtp\.caSecretRef/ });
  }
  t.deepEqual([...plain.received, ...old.received, ...running.received], []);
});

test.serial('a login that is refused, a server that is away, addresses that nobody takes', async (t) => {
  const running = await mailServer(t, {
    onRcptTo: ({ address }, _session, done) => done(address === 'nobody@example.org' ? new Error('550 no such mailbox') : null),
  });
  folder.write('wrong', 'quite another password');
  const wrong = await t.throwsAsync(sendMail(await readServer(running.port, { passwordFile: folder.path('wrong') }), to, mail()));
  t.regex(wrong?.message ?? '', /refuses the login of holdfast/);
  t.notRegex(wrong?.message ?? '', /quite another/);

  const server = await readServer(running.port);
  await t.throwsAsync(sendMail(server, ['nobody@example.org'], mail()), { message: /refuses the mail.*550 no such mailbox/ });
  t.deepEqual(await sendMail(server, ['nobody@example.org', 'ops@example.org'], mail()), { refused: ['nobody@example.org'] });
  await running.close();
  await t.throwsAsync(sendMail(server, to, mail()), { code: 'DeliveryFailed', message: /could not reach the mail server 127\.0\.0\.1/ });
});

test('a heartbeat tells of namespace and policy, and never where it goes', async (t) => {
  const watcher = await startHeartbeatServer();
  t.teardown(() => watcher.close());
  const target = { urlTemplate: `${watcher.url}/key-of-the-watcher/{namespace}-{policy}?create=1`, method: 'POST', fail: true } as const;
  const policy = { namespace: 'shop', name: 'shop-eu' };
  await sendHeartbeat(target, policy, 'success');
  await sendHeartbeat({ ...target, method: 'GET' }, policy, 'fail');
  t.deepEqual(watcher.received, ['POST /key-of-the-watcher/shop-shop-eu?create=1', 'GET /key-of-the-watcher/shop-shop-eu/fail?create=1']);
  watcher.state.status = 404;
  const refused = await t.throwsAsync(sendHeartbeat(target, policy, 'success'), {
    code: 'DeliveryFailed',
    message: /127\.0\.0\.1 answered 404/,
  });
  await watcher.close();
  const gone = await t.throwsAsync(sendHeartbeat(target, policy, 'success'), {
    message: /127\.0\.0\.1 did not answer: .*\([A-Z_]+\)/,
  });
  t.notRegex(`${refused?.message}${gone?.message}${gone?.stack}`, /key-of-the-watcher/);
  t.is(heartbeatUrl('https://hc.example.org/x/', policy, 'fail').href, 'https://hc.example.org/x/fail');
});

const wrongSettings: { what: string; value: object | string; says: RegExp }[] = [
  { what: 'unknown key', value: { routes: {}, stmp: {} }, says: /"stmp"/ },
  {
    what: 'mail without a server',
    value: { routes: { default: { email: { to } } } },
    says: /smtp: is missing, but the route "default" sends mail/,
  },
  { what: 'a user without a password', value: { smtp: { host: 'a', from: 'a@b', user: 'x' }, routes: {} }, says: /belong together/ },
  { what: 'no TLS', value: { smtp: { host: 'a', from: 'a@b', tls: 'None' }, routes: {} }, says: /smtp\.tls/ },
  {
    what: 'an address with a line break',
    value: { smtp: { host: 'a', from: 'a@b\nBcc: c@d' }, routes: {} },
    says: /smtp\.from: write a mail address/,
  },
  {
    what: 'nobody to write to',
    value: { smtp: { host: 'a', from: 'a@b' }, routes: { default: { email: { to: [] } } } },
    says: /email\.to/,
  },
  {
    what: 'a file that is missing',
    value: { smtp: { host: 'a', from: 'a@b', caFile: '/no/such' }, routes: {} },
    says: /\/no\/such cannot be read \(ENOENT\)/,
  },
  { what: 'no YAML', value: '{', says: /no YAML/ },
];

test.serial('settings that cannot be used are refused by name, and what was read before stays', async (t) => {
  const { log, lines } = memoryLog();
  folder.write('url', 'https://hc.example.org/very-secret-key/{policy}\n');
  const heartbeat = { urlFile: folder.path('url') };
  const path = folder.settings({ smtp: folder.smtp(25), routes: { default: { email: { to }, heartbeat } } });
  const file = openSettingsFile(path, log, 1000);
  t.true(await file.read());
  t.false(await file.read(), 'nothing new');
  for (const { what, value, says } of wrongSettings) {
    if (typeof value === 'string') {
      folder.write('notify.yaml', value);
    } else {
      folder.settings(value);
    }
    t.false(await file.read(), what);
    t.regex(file.problem() ?? '', says, what);
    t.deepEqual(file.current()?.routes.get('default')?.to, to, what);
    t.is(
      lines.filter((line) => line.includes('"level":"error"')).length,
      wrongSettings.findIndex((each) => each.what === what) + 1,
      'said loudly',
    );
    await file.read();
  }
  t.is(lines.filter((line) => line.includes('"level":"error"')).length, wrongSettings.length, 'said once each');

  folder.write('bad-url', 'hc.example.org/x');
  folder.settings({ routes: { default: { heartbeat: { urlFile: folder.path('bad-url') } } } });
  await file.read();
  t.regex(file.problem() ?? '', /holds no URL/);

  folder.settings({ smtp: folder.smtp(26), routes: { night: { email: { to: ['night@example.org'] } } } });
  t.true(await file.read());
  t.is(file.problem(), undefined);
  t.deepEqual([...(file.current()?.routes.keys() ?? [])], ['night']);
  t.is(file.current()?.server?.password, password);
  t.is(file.current()?.server?.user, user);
  folder.write('password', 'changed in the Secret');
  t.true(await file.read(), 'a Secret that changes is read, too');
  folder.write('password', password);

  log.info(`the password is ${password}, the watcher is https://hc.example.org/very-secret-key/shop`);
  t.notRegex(lines.join('\n'), /correct horse|very-secret-key|changed in the Secret/);
});
