// A real mail server with TLS and logins, that keeps what it is given.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';
import type { Certificates } from '../stores/certificates.ts';

export type Received = { from: string; to: string[]; secure: boolean; headers: Map<string, string>; text: string };

export const user = 'holdfast';
export const password = 'correct horse battery staple';

export type MailServerProcess = Awaited<ReturnType<typeof startMailServer>>;

// `port` 0: any free one. It can be stopped and started again on the same port.
export const startMailServer = async ({ certFile, keyFile }: Certificates, options: SMTPServerOptions = {}, port = 0) => {
  const received: Received[] = [];
  const server = new SMTPServer({
    key: readFileSync(keyFile),
    cert: readFileSync(certFile),
    authMethods: ['PLAIN', 'LOGIN'],
    onAuth: (given, _session, done) =>
      given.username === user && given.password === password ? done(null, { user }) : done(new Error('535 no such login')),
    onData(stream, { envelope, secure }, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.once('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        received.push({ from, to, secure, ...parsed(Buffer.concat(parts).toString('utf8')) });
        done();
      });
    },
    ...options,
  });
  // A client that breaks off is no failure of a test.
  server.on('error', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    received,
    port: (server.server.address() as { port: number }).port,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
};

const parsed = (raw: string): Pick<Received, 'headers' | 'text'> => {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
  return { headers, text: unquoted(raw.slice(end + 4)) };
};

// Soft line breaks and bytes of quoted-printable, for all parts at once.
const unquoted = (body: string): string =>
  body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\r\n', '\n');
