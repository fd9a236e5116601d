// Hands one mail to the mail server: over TLS with a checked certificate, or not at all.
import { redact } from '../telemetry/redact.ts';
import { DeliveryError } from './errors.ts';
import type { Mail } from './message.ts';
import type { MailServer } from './settings-file.ts';

const connectMilliseconds = 10_000;
const silentMilliseconds = 15_000;

export type Handed = { refused: string[] };

// Resolves when the server has taken it for at least one of those it is for, and names those that the server refused.
export const sendMail = async (server: MailServer, to: string[], mail: Mail): Promise<Handed> => {
  // Large, and most operators never need it.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host: server.host,
    port: server.port,
    secure: server.tls === 'Implicit',
    requireTLS: true,
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(server.ca === undefined ? {} : { ca: server.ca }) },
    ...(server.user === undefined ? {} : { auth: { user: server.user, pass: server.password ?? '' } }),
    connectionTimeout: connectMilliseconds,
    greetingTimeout: connectMilliseconds,
    dnsTimeout: connectMilliseconds,
    socketTimeout: silentMilliseconds,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { references, ...content } = mail;
    const thread = references === undefined ? {} : { references, inReplyTo: references };
    const { rejected } = await transport.sendMail({ from: server.from, to, ...content, ...thread });
    return { refused: rejected.map(String) };
  } catch (error) {
    throw new DeliveryError(redact(describe(error, server)), error);
  } finally {
    transport.close();
  }
};

const describe = (error: unknown, { host, port, user }: MailServer): string => {
  const { code, message } = error instanceof Error ? (error as Error & { code?: string }) : { code: undefined, message: String(error) };
  const where = `the mail server ${host}:${port}`;
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    return `Mail: ${where} refuses the login of ${user ?? 'nobody'}: look at notify.smtp.user and its password (${message})`;
  }
  if (code === 'EENVELOPE' || code === 'EMESSAGE') {
    return `Mail: ${where} refuses the mail: look at notify.smtp.from and at the addresses of the route (${message})`;
  }
  if (code === 'ETLS' || /certificate|altnames|TLS|SSL/i.test(message)) {
    return `Mail: no trusted TLS with ${where}: look at its certificate and at notify.smtp.caSecretRef (${message})`;
  }
  return `Mail: could not reach ${where}: look at notify.smtp and at the network (${message})`;
};
