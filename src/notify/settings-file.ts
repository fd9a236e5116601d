// Reads the settings and the files that they name, again and again: a mounted file changes under a running operator.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { pause } from '../kube/backoff.ts';
import type { Log } from '../telemetry/log.ts';
import { registerSecret } from '../telemetry/redact.ts';
import { NotifySettingsError, parseSettings } from './settings.ts';
import type { NotifySettings, SmtpSettings } from './settings.ts';

export type HeartbeatTarget = { urlTemplate: string; method: 'GET' | 'POST'; fail: boolean };
export type MailServer = Pick<SmtpSettings, 'host' | 'port' | 'tls' | 'user' | 'from'> & { password?: string; ca?: string };
export type Sinks = { to?: string[]; heartbeat?: HeartbeatTarget };

// Everything that was read, secrets included.
export type Notifying = { server?: MailServer; routes: Map<string, Sinks> };

export type SettingsFile = {
  // What was read last and could be used; undefined: nothing so far.
  readonly current: () => Notifying | undefined;
  // Why the file as it stands now cannot be used.
  readonly problem: () => string | undefined;
  // Reads once. True: there is something new.
  readonly read: () => Promise<boolean>;
  // Reads from time to time until the signal is aborted, and calls back after each change.
  readonly run: (signal: AbortSignal, changed: () => void) => Promise<void>;
};

// A file that cannot be used is said loudly, and what was read before stays in force.
export const openSettingsFile = (path: string, log: Log, everyMilliseconds: number): SettingsFile => {
  let current: Notifying | undefined;
  let problem: string | undefined;
  let known: string | undefined;

  const read = async (): Promise<boolean> => {
    try {
      const found = await readNotifying(path);
      const text = JSON.stringify([found.server, [...found.routes]]);
      if (problem === undefined && text === known) {
        return false;
      }
      problem = undefined;
      const isNew = text !== known;
      [current, known] = [found, text];
      log.info('Notifications are set up', { routes: [...found.routes.keys()], server: found.server?.host });
      return isNew;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== problem) {
        problem = message;
        log.error('Cannot use the settings of notifications; what was read before stays in force', {
          error,
          hadSettings: current !== undefined,
        });
      }
      return false;
    }
  };

  return {
    current: () => current,
    problem: () => problem,
    read,
    async run(signal, changed) {
      while (!signal.aborted) {
        if (await read()) {
          changed();
        }
        await pause(everyMilliseconds, signal);
      }
    },
  };
};

const readNotifying = async (path: string): Promise<Notifying> => {
  const settings = parseSettings(parseYaml(await readText(path)));
  const routes = await Promise.all(Object.entries(settings.routes).map(async ([name, route]) => [name, await readSinks(route)] as const));
  return { ...(settings.smtp === undefined ? {} : { server: await readServer(settings.smtp) }), routes: new Map(routes) };
};

const readText = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new NotifySettingsError(`the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
};

const parseYaml = (text: string): unknown => {
  try {
    return parse(text);
  } catch {
    throw new NotifySettingsError('the file is no YAML');
  }
};

const readServer = async ({ host, port, tls, user, from, passwordFile, caFile }: SmtpSettings): Promise<MailServer> => {
  const server: MailServer = { host, port, tls, from, ...(user === undefined ? {} : { user }) };
  if (passwordFile !== undefined) {
    server.password = (await readText(passwordFile)).replace(/\r?\n$/, '');
    registerSecret(server.password);
  }
  if (caFile !== undefined) {
    server.ca = await readText(caFile);
    checkCertificate(server.ca, caFile);
  }
  return server;
};

const checkCertificate = (text: string, path: string): void => {
  try {
    void new X509Certificate(text);
  } catch {
    throw new NotifySettingsError(`${path} holds no certificate in PEM`);
  }
};

const readSinks = async ({ email, heartbeat }: NotifySettings['routes'][string]): Promise<Sinks> => {
  const sinks: Sinks = email === undefined ? {} : { to: email.to };
  if (heartbeat !== undefined) {
    const urlTemplate = (await readText(heartbeat.urlFile)).trim();
    registerSecret(secretPart(urlTemplate, heartbeat.urlFile));
    sinks.heartbeat = { urlTemplate, method: heartbeat.method, fail: heartbeat.fail };
  }
  return sinks;
};

// Who knows the URL can say that all is well: what follows the host, up to the first placeholder, is a secret.
const secretPart = (template: string, path: string): string => {
  const url = URL.parse(template);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new NotifySettingsError(`${path} holds no URL that begins with https:// or http://`);
  }
  const [fixed = ''] = template.slice(template.indexOf(url.host) + url.host.length).split('{');
  return fixed.replaceAll(/^\/|\/$/g, '');
};
