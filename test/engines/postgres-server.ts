// A real PostgreSQL 17 on a loopback port, its data in a folder. For tests and benches.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../stores/servers.ts';
import { giveToServer, program, runProgram } from './toolbox.ts';

export type PostgresServer = {
  readonly port: number;
  readonly dataDirectory: string;
  // Its socket lets everybody in as the superuser `postgres`, without a password.
  readonly socketDirectory: string;
  // Rows of one statement, as the superuser.
  query<Row extends Record<string, unknown>>(text: string, database?: string): Promise<Row[]>;
  // fast: as an administrator does. immediate: as a crash.
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
};

export type ServerOptions = {
  // The data directory, made by `makeCluster`.
  dataDirectory: string;
  // Must be short: names of sockets are.
  socketDirectory: string;
  settings?: Record<string, string>;
  // Default: a free one.
  port?: number;
  // Replaces pg_hba.conf; the first line, for the superuser over the socket, is added.
  hba?: string[];
  // Put before the command, such as one that enters a group of processes.
  wrap?: string[];
};

const startMilliseconds = 60_000;

// Runs initdb. Nothing here has to outlive a crash of the machine.
export const makeCluster = async (dataDirectory: string, parameters: string[] = []): Promise<void> => {
  await mkdir(dataDirectory, { recursive: true });
  await giveToServer(dataDirectory);
  await runProgram('initdb', [
    '--pgdata',
    dataDirectory,
    '--no-sync',
    '--username=postgres',
    '--data-checksums',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--auth-local=trust',
    '--auth-host=scram-sha-256',
    ...parameters,
  ]);
};

// Starts a server and waits until it answers.
export const startServer = async (options: ServerOptions): Promise<PostgresServer> => {
  const { dataDirectory, socketDirectory, settings = {}, wrap = [] } = options;
  await mkdir(socketDirectory, { recursive: true });
  await giveToServer(socketDirectory);
  if (options.hba !== undefined) {
    await writeFile(join(dataDirectory, 'pg_hba.conf'), ['local all postgres trust', ...options.hba, ''].join('\n'));
  }
  if (existsSync(join(dataDirectory, 'postmaster.pid'))) {
    // Of a run that was killed. Where that server is gone already, there is nothing to stop.
    await runProgram('pg_ctl', ['stop', '--pgdata', dataDirectory, '--mode=fast', '--wait']).catch(() => undefined);
  }
  const port = options.port ?? (await freePort());
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: socketDirectory, port: String(port), ...settings };
  const [command = '', ...parameters] = [
    ...wrap,
    program('postgres'),
    '-D',
    dataDirectory,
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const child = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-8000);
  });
  const kill = (): void => void child.kill('SIGQUIT');
  process.once('exit', kill);
  const server = { port, dataDirectory, socketDirectory };
  await untilItAnswers(server, child, () => said);
  return {
    ...server,
    query: (text, database = 'postgres') => ask(server, database, text),
    async stop(mode = 'fast') {
      process.off('exit', kill);
      await stopChild(child, mode);
    },
  };
};

type Address = { port: number; socketDirectory: string };

const ask = async <Row extends Record<string, unknown>>(
  { port, socketDirectory }: Address,
  database: string,
  text: string,
): Promise<Row[]> => {
  const client = new Client({ host: socketDirectory, port, user: 'postgres', database });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result = await client.query(text);
    return (Array.isArray(result) ? result.at(-1) : result).rows as Row[];
  } finally {
    await client.end();
  }
};

const untilItAnswers = async (address: Address, child: ChildProcess, said: () => string): Promise<void> => {
  const end = Date.now() + startMilliseconds;
  for (;;) {
    try {
      await ask(address, 'postgres', 'SELECT 1');
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > end) {
        throw new Error(`PostgreSQL did not start: ${said()}`, { cause: error });
      }
    }
    await pause(50);
  }
};

const stopChild = async (child: ChildProcess, mode: 'fast' | 'immediate'): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  await ended;
};

// Adds lines to postgresql.conf; they count from the next start on.
export const configure = (dataDirectory: string, lines: string[]): Promise<void> =>
  appendFile(join(dataDirectory, 'postgresql.conf'), ['', ...lines, ''].join('\n'));
