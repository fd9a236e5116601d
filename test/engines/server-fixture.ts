// The servers of the tests: certificates of their own, roles by manifests/postgresql/roles.sql, passwords that would break a careless file or command line.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresqlSource } from '../../src/api/agent.ts';
import { makeCertificates } from '../stores/certificates.ts';
import type { Certificates } from '../stores/certificates.ts';
import { makeCluster, startServer } from './postgres-server.ts';
import type { PostgresServer, ServerOptions } from './postgres-server.ts';
import { giveToServer, runProgram, toolboxPath } from './toolbox.ts';

export const root = join(import.meta.dirname, '../..');

export const passwords = { physical: String.raw`canary:one\'of "physical" $HOME`, dump: String.raw`canary:two\'of "dump" ü%41` };

export const hba = [
  'hostssl all all 127.0.0.0/8 scram-sha-256',
  'hostssl replication holdfast_physical,unlimited 127.0.0.0/8 scram-sha-256',
];

// `base`: the data directory that is copied, default the template. `prepare` is done to the copy before the server starts.
export type StartOptions = Partial<ServerOptions> & { base?: string; prepare?: (dataDirectory: string) => Promise<unknown> };

export type Fixture = {
  // Everything lies below it.
  readonly directory: string;
  readonly certificates: Certificates;
  // A data directory that nobody has touched, with the roles.
  readonly template: string;
  start(name: string, settings?: Record<string, string>, options?: StartOptions): Promise<PostgresServer>;
  // The same once more, on the data that are there.
  startAgain(name: string, settings?: Record<string, string>, options?: StartOptions): Promise<PostgresServer>;
  // A server that was stopped, as it was started: same folder, same port, same settings.
  restart(server: PostgresServer, settings?: Record<string, string>): Promise<PostgresServer>;
  // A server with the same roles that was made by itself: another system identifier.
  startForeign(name: string, settings?: Record<string, string>): Promise<PostgresServer>;
  // A folder with the files `username` and `password`.
  login(username: string, password: string): Promise<string>;
  // What an agent's plan says of a server: physical and logical, by the two roles.
  source(server: PostgresServer, changes?: Partial<PostgresqlSource>): Promise<PostgresqlSource>;
  stop(): Promise<void>;
};

// Makes a data directory with the roles, once; each server starts from a copy of it.
export const makeFixture = async (): Promise<Fixture> => {
  process.env['PATH'] = toolboxPath();
  const directory = await mkdtemp('/tmp/hf-pg-');
  await giveToServer(directory);
  const certificates = await serverCertificates(directory);
  const template = join(directory, 'template');
  const servers: PostgresServer[] = [];
  await makeCluster(template);
  let logins = 0;
  let count = 0;

  const started = new Map<string, ServerOptions>();
  const startOn = async (options: ServerOptions): Promise<PostgresServer> => {
    const server = await startServer(options);
    servers.push(server);
    started.set(server.dataDirectory, { ...options, port: server.port });
    return server;
  };

  const fixture: Fixture = {
    directory,
    certificates,
    template,
    async start(name, settings = {}, options = {}) {
      await promisify(execFile)('cp', ['--archive', options.base ?? template, join(directory, name)]);
      return fixture.startAgain(name, settings, options);
    },
    async startAgain(name, settings = {}, options = {}) {
      count += 1;
      const { base: _, prepare, ...more } = options;
      const dataDirectory = join(directory, name);
      await prepare?.(dataDirectory);
      return startOn({
        dataDirectory,
        socketDirectory: join(directory, `s${count}`),
        settings: { ...tls(certificates), listen_addresses: '127.0.0.1,127.0.0.2', fsync: 'off', ...settings },
        hba,
        ...more,
      });
    },
    async startForeign(name, settings = {}) {
      const base = join(directory, `${name}-template`);
      await makeCluster(base);
      await makeRoles(directory, base);
      return fixture.start(name, settings, { base });
    },
    restart(server, settings = {}) {
      const options = started.get(server.dataDirectory);
      if (options === undefined) {
        throw new Error(`${server.dataDirectory} was never started`);
      }
      return startOn({ ...options, settings: { ...options.settings, ...settings } });
    },
    async login(username, password) {
      logins += 1;
      const folder = join(directory, `login-${logins}`);
      await mkdir(folder);
      await writeFile(join(folder, 'username'), username);
      await writeFile(join(folder, 'password'), `${password}\n`);
      return folder;
    },
    async source(server, changes = {}) {
      return {
        version: 17,
        host: '127.0.0.1',
        port: server.port,
        database: 'postgres',
        sslMode: 'verify-full',
        caFile: certificates.caFile,
        credentialsDirectory: await fixture.login('holdfast_physical', passwords.physical),
        physical: true,
        logical: {
          enabled: true,
          databases: [],
          globals: true,
          credentialsDirectory: await fixture.login('holdfast_dump', passwords.dump),
        },
        ...changes,
      };
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop('immediate')));
      await rm(directory, { recursive: true, force: true });
    },
  };
  await makeRoles(directory, template);
  return fixture;
};

const tls = ({ certFile, keyFile }: Certificates): Record<string, string> => ({
  ssl: 'on',
  ssl_cert_file: certFile,
  ssl_key_file: keyFile,
});

// The key of a server must be its own.
const serverCertificates = async (directory: string): Promise<Certificates> => {
  const folder = join(directory, 'tls');
  await mkdir(folder);
  const certificates = await makeCertificates(folder);
  await giveToServer(certificates.keyFile);
  return certificates;
};

// The SQL that users run, as they run it: a file, by psql, over the socket.
export const makeRoles = async (directory: string, template: string): Promise<void> => {
  const file = join(directory, 'roles.sql');
  await copyFile(join(root, 'manifests/postgresql/roles.sql'), file);
  const server = await startServer({ dataDirectory: template, socketDirectory: join(directory, 's0') });
  try {
    await runProgram('psql', [
      '--no-psqlrc',
      '--quiet',
      '--set=ON_ERROR_STOP=1',
      `--set=physical_password=${passwords.physical}`,
      `--set=dump_password=${passwords.dump}`,
      `--host=${server.socketDirectory}`,
      `--port=${server.port}`,
      '--username=postgres',
      `--file=${file}`,
      'postgres',
    ]);
  } finally {
    await server.stop();
  }
};
