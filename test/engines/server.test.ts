// The engine for PostgreSQL against a real server: what is refused before anything is touched.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { join } from 'node:path';
import type { PostgresqlSource } from '../../src/api/agent.ts';
import { EngineError } from '../../src/engines/engine.ts';
import type { EngineErrorCode } from '../../src/engines/engine.ts';
import { postgresqlEngine } from '../../src/engines/postgresql/engine.ts';
import { makeCertificates } from '../stores/certificates.ts';
import { freePort } from '../stores/servers.ts';
import { mkdir } from 'node:fs/promises';
import { silent } from './agent-run.ts';
import type { PostgresServer } from './postgres-server.ts';
import { makeFixture, passwords } from './server-fixture.ts';
import type { Fixture } from './server-fixture.ts';

let fixture: Fixture;
let server: PostgresServer;
// Without TLS, replication or WAL for it.
let poor: PostgresServer;

const sql = `
  CREATE ROLE reader LOGIN IN ROLE pg_read_all_data PASSWORD 'reader';
  CREATE ROLE stranger LOGIN PASSWORD 'stranger';
  CREATE ROLE owner LOGIN PASSWORD 'owner';
  CREATE ROLE no_line LOGIN REPLICATION PASSWORD 'no_line';
  CREATE ROLE unlimited LOGIN REPLICATION PASSWORD 'unlimited';
  CREATE ROLE busy LOGIN REPLICATION PASSWORD 'busy' CONNECTION LIMIT 0;
  CREATE ROLE no_lo LOGIN BYPASSRLS IN ROLE pg_read_all_data PASSWORD 'no_lo';
  CREATE DATABASE plain;
  CREATE DATABASE secured;
  CREATE DATABASE large;
  CREATE DATABASE closed;
  CREATE DATABASE owned OWNER owner;
  REVOKE CONNECT ON DATABASE closed FROM PUBLIC;
`;

test.before(async () => {
  fixture = await makeFixture();
  server = await fixture.start('main');
  for (const statement of sql.split(';').filter((text) => text.trim() !== '')) {
    await server.query(statement);
  }
  await server.query('CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 100)', 'plain');
  await server.query('CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY', 'secured');
  await server.query(`SELECT lo_from_bytea(0, 'large')`, 'large');
  poor = await fixture.start(
    'poor',
    { ssl: 'off', wal_level: 'minimal', max_wal_senders: '0' },
    { hba: ['host all all 127.0.0.1/32 scram-sha-256'] },
  );
});

test.after.always(() => fixture.stop());

const refusalOf = async (source: PostgresqlSource): Promise<EngineError | undefined> => {
  const engine = postgresqlEngine(source, { log: silent });
  try {
    await engine.preflight(new AbortController().signal);
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) {
      return error;
    }
    throw error;
  } finally {
    await engine.close();
  }
};

const physicalBy = async (user: string, password: string, changes: Partial<PostgresqlSource> = {}): Promise<PostgresqlSource> => {
  const source = await fixture.source(server);
  return {
    ...source,
    credentialsDirectory: await fixture.login(user, password),
    logical: { ...source.logical, enabled: false },
    ...changes,
  };
};

const logicalBy = async (user: string, password: string, databases: string[], globals = false): Promise<PostgresqlSource> => {
  const credentialsDirectory = await fixture.login(user, password);
  const source = await fixture.source(server);
  return { ...source, credentialsDirectory, physical: false, logical: { enabled: true, databases, globals, credentialsDirectory } };
};

type Case = { title: string; source: () => Promise<PostgresqlSource>; code: EngineErrorCode; says: string; retryable?: boolean };

const roles: Case[] = [
  {
    title: 'a wrong password',
    source: () => physicalBy('holdfast_physical', 'wrong'),
    code: 'AuthenticationFailed',
    says: 'does not accept the password of "holdfast_physical"',
  },
  { title: 'an unknown role', source: () => physicalBy('nobody', 'nobody'), code: 'AuthenticationFailed', says: '"nobody"' },
  {
    title: 'a role without REPLICATION',
    source: () => physicalBy('reader', 'reader'),
    code: 'PermissionMissing',
    says: 'ALTER ROLE "reader" REPLICATION',
  },
  {
    title: 'no line for replication in pg_hba.conf',
    source: () => physicalBy('no_line', 'no_line'),
    code: 'PermissionMissing',
    says: 'pg_hba.conf',
  },
  {
    title: 'a role that has used up its connections',
    source: () => physicalBy('busy', 'busy'),
    code: 'SourceUnreachable',
    says: 'too many connections for role "busy"',
    retryable: true,
  },
  {
    title: 'hidden rows, for a role without BYPASSRLS',
    source: () => logicalBy('reader', 'reader', ['secured']),
    code: 'PermissionMissing',
    says: 'ALTER ROLE "reader" BYPASSRLS',
  },
  {
    title: 'a table that the role may not read',
    source: () => logicalBy('stranger', 'stranger', ['plain']),
    code: 'PermissionMissing',
    says: 'may not read 1 tables or sequences of the database "plain", such as t.',
  },
  {
    title: 'large objects that the role may not read',
    source: () => logicalBy('no_lo', 'no_lo', ['large']),
    code: 'PermissionMissing',
    says: 'lo_compat_privileges',
  },
  {
    title: 'password hashes that the role may not read',
    source: () => logicalBy('owner', 'owner', ['owned'], true),
    code: 'PermissionMissing',
    says: 'logical.globals',
  },
  {
    title: 'a database where the role may not connect',
    source: () => logicalBy('reader', 'reader', ['closed']),
    code: 'PermissionMissing',
    says: 'closed',
  },
];

const places: Case[] = [
  {
    title: 'a database that is not there',
    source: () => physicalBy('holdfast_physical', passwords.physical, { database: 'gone' }),
    code: 'DatabaseMissing',
    says: 'no database "gone"',
  },
  {
    title: 'a database to dump that is not there',
    source: () => logicalBy('holdfast_dump', passwords.dump, ['plain', 'gone']),
    code: 'DatabaseMissing',
    says: 'it has "closed"',
  },
  {
    title: 'another major version',
    source: () => physicalBy('holdfast_physical', passwords.physical, { version: 16 }),
    code: 'VersionMismatch',
    says: 'the policy says 16',
  },
  {
    title: 'nobody who listens',
    source: async () => physicalBy('holdfast_physical', passwords.physical, { port: await freePort() }),
    code: 'SourceUnreachable',
    says: 'ECONNREFUSED',
    retryable: true,
  },
  {
    title: 'a name that does not resolve',
    source: () => physicalBy('holdfast_physical', passwords.physical, { host: 'no-such-host.invalid' }),
    code: 'SourceUnreachable',
    says: 'no-such-host.invalid',
    retryable: true,
  },
  {
    title: 'a certificate of another host',
    source: () => physicalBy('holdfast_physical', passwords.physical, { host: '127.0.0.2' }),
    code: 'SourceMisconfigured',
    says: 'it must carry the name 127.0.0.2',
  },
  {
    title: 'a certificate of an unknown authority',
    source: async () => physicalBy('holdfast_physical', passwords.physical, { caFile: await otherAuthority() }),
    code: 'SourceMisconfigured',
    says: 'caSecretRef',
  },
  {
    title: 'a server without TLS',
    source: () => physicalBy('holdfast_physical', passwords.physical, { port: poor.port }),
    code: 'SourceMisconfigured',
    says: 'speaks no TLS',
  },
  {
    title: 'a server that asks for TLS',
    source: () => physicalBy('holdfast_physical', passwords.physical, { sslMode: 'disable' }),
    code: 'PermissionMissing',
    says: 'no encryption',
  },
  {
    title: 'wal_level minimal',
    source: () => physicalBy('holdfast_physical', passwords.physical, { port: poor.port, sslMode: 'disable' }),
    code: 'SourceMisconfigured',
    says: 'wal_level = replica',
  },
];

const otherAuthority = async (): Promise<string> => {
  const folder = join(fixture.directory, 'other-tls');
  await mkdir(folder);
  return (await makeCertificates(folder)).caFile;
};

const refused = async (t: ExecutionContext, { source, code, says, retryable = false }: Case): Promise<void> => {
  const found = await refusalOf(await source());
  t.is(found?.code, code, found?.message);
  t.true(found?.message.includes(says), found?.message);
  t.is(found?.retryable, retryable);
};

for (const each of [...roles, ...places]) {
  test(`refused by a real server: ${each.title}`, refused, each);
}

test('a server with the roles of roles.sql is accepted, also where the certificate is of another host and only the authority counts', async (t) => {
  for (const changes of [{}, { host: '127.0.0.2', sslMode: 'verify-ca' }, { host: '127.0.0.2', sslMode: 'require' }] as const) {
    const source = await fixture.source(server, changes);
    source.logical.databases = ['large', 'plain', 'secured'];
    t.is((await refusalOf(source))?.message, undefined);
  }
});

test.serial('refused by a real server: a tablespace', async (t) => {
  const other = await fixture.start('tablespaces', { allow_in_place_tablespaces: 'on' });
  await other.query(`CREATE TABLESPACE fast LOCATION ''`);
  await refused(t, {
    title: '',
    source: () => fixture.source(other),
    code: 'TablespacesUnsupported',
    says: 'tablespaces (fast)',
  });
});
