// A PostgreSQL server as a component of a policy.
import { z } from 'zod';
import { duration, formatted, labelName, objectName, secretKey, secretKeyRef, setList, size, withRules } from './common.ts';

export const databaseName = () =>
  formatted(
    63,
    /^[^\s/\\'"`$*?[\]{}|<>]+$/,
    'write the plain name of one database: no spaces, quotes, slashes or wild cards, and no connection string',
  );

// A host name, an IPv4 or an IPv6 address. One colon alone is a port in the wrong field.
const host = () =>
  withRules(
    formatted(
      253,
      /^[A-Za-z0-9._:-]+$/,
      'write a host name or address only, such as postgres.shop.svc: no scheme, user, path or database',
      "self.contains('@')",
    ),
    [
      {
        rule: "!self.contains(':') || self.contains('/') || self.contains('@') || self.matches('^[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*$')",
        message: 'write the port in connection.port, not behind the host',
      },
    ],
  );

export const postgresqlCredentials = (what: string) =>
  z
    .object({
      name: objectName().describe('Name of the Secret, in the namespace of the policy.'),
      usernameKey: secretKey().default('username').describe('Key of the role name.'),
      passwordKey: secretKey().default('password').describe('Key of the password.'),
    })
    .describe(what);

export const connectionSchema = withRules(
  z.object({
    host: host().describe('Host name or address of the server.'),
    port: z.int().min(1).max(65535).default(5432).describe('TCP port of the server.'),
    database: databaseName().default('postgres').describe('The database that Holdfast logs in to for its questions.'),
    sslMode: z
      .enum(['disable', 'require', 'verify-ca', 'verify-full'])
      .default('verify-full')
      .describe('How the server is authenticated, as in libpq.'),
    caSecretRef: secretKeyRef('PEM certificates that the server is checked against.', 'ca.crt').optional(),
    credentialsSecretRef: postgresqlCredentials('A role with REPLICATION (docs/postgresql.md has its SQL).'),
  }),
  [
    {
      rule: "!self.host.contains('@')",
      message:
        'connection.host must not be a connection string with a user or password: write the host only, put the password into the Secret of credentialsSecretRef, and change it, since it was sent to the cluster just now',
    },
    {
      rule: "!self.sslMode.startsWith('verify') || has(self.caSecretRef)",
      message: 'connection.sslMode verify-ca and verify-full need connection.caSecretRef, the certificate to check against',
    },
    {
      rule: "self.sslMode.startsWith('verify') || !has(self.caSecretRef)",
      message: 'connection.caSecretRef is used only with sslMode verify-ca or verify-full: change sslMode, or take caSecretRef away',
    },
  ],
);

export const walModes = ['Continuous', 'Scheduled', 'Off'] as const;

const walArchive = z.object({
  mode: z
    .enum(walModes)
    .default('Continuous')
    .describe(
      'Continuous: a receiver runs all the time. Scheduled: WAL is fetched at the slots of schedules.log, and in between the server keeps it. Off (in YAML: "Off", with quotes): nothing; the replication slot is dropped.',
    ),
  flushInterval: duration()
    .default('10s')
    .describe('Continuous: WAL of a segment that is not full yet is stored so often. A lost server costs at most this and one upload.'),
  slotName: formatted(63, /^[a-z0-9_]+$/, 'write the name of a replication slot: lower-case letters, digits and "_"')
    .optional()
    .describe('Name of the physical replication slot. Default: made from the namespace, the policy and the component.'),
  acknowledge: setList(z.array(labelName(20)).max(8))
    .default([])
    .describe(
      'Tiers that must have WAL before the server may remove it. The others follow as fast as they can. Empty: the primary, which is the first tier.',
    ),
  maxRetained: size()
    .optional()
    .describe(
      'The slot is dropped when the server has to keep more WAL than this for it: the archive then has a gap and a Full backup is asked for. Needed where max_slot_wal_keep_size is -1 on the server.',
    ),
  synchronous: z
    .boolean()
    .default(false)
    .describe(
      'Whether the server may wait for the archive when it commits (synchronous_standby_names). False: the receiver leaves when it finds itself in there.',
    ),
});

export const postgresqlSchema = withRules(
  z.object({
    version: z.int().min(13).max(18).describe('Major version of the server. A preflight checks that the server agrees.'),
    connection: connectionSchema.describe('How to reach the server.'),
    image: formatted(300, /^[a-z0-9][-a-zA-Z0-9._:/@]*$/, 'write the reference of an image, such as registry.example.org/postgres:17.6')
      .optional()
      .describe(
        'Image of the server that replays in restores: it needs sh and postgres of this major version, with the extensions and collations of the server. Default: the agent image of that major version.',
      ),
    physical: z
      .object({
        enabled: z.boolean().default(true).describe('Whether to take it.'),
        incremental: z
          .enum(['Auto', 'Required', 'Off'])
          .default('Auto')
          .describe(
            'What a Differential or Incremental backup copies. Auto: what changed, where the server can tell that (PostgreSQL 17 with summarize_wal), else everything; status says why. Required: the run fails where the server or the Secrets stand in the way. Off (in YAML: "Off", with quotes): everything.',
          ),
        maxChain: z
          .int()
          .min(1)
          .max(100)
          .default(28)
          .describe('How many increments may build on one another. The next one after that is a whole copy.'),
      })
      .prefault({})
      .describe('A base backup of the whole server, with the WAL that it needs.'),
    walArchive: walArchive
      .optional()
      .describe('Everything that the server writes, for recovery to any instant (docs/postgresql.md). Absent: WAL is not archived.'),
    logical: z
      .object({
        enabled: z.boolean().default(true).describe('Whether to take it.'),
        databases: setList(z.array(databaseName()).max(64))
          .default([])
          .describe('Which databases. Empty: every database that allows connections and is no template.'),
        globals: z.boolean().default(true).describe('Roles with their password hashes, and tablespaces.'),
        credentialsSecretRef: postgresqlCredentials('A role of its own for pg_dump. Default: that of the connection.').optional(),
      })
      .prefault({})
      .describe('`pg_dump` of each database: for single tables, and for another major version.'),
  }),
  [
    {
      rule: 'self.physical.enabled || self.logical.enabled',
      message: 'postgresql: enable physical or logical, or both; with neither there is nothing to back up',
    },
    {
      rule: "self.physical.incremental != 'Required' || (self.physical.enabled && self.version >= 17)",
      message:
        'postgresql.physical.incremental: Required needs a physical copy and PostgreSQL 17 or later: servers before that make no increments. Use Auto, which makes a whole copy there',
    },
    {
      rule: "!has(self.walArchive) || self.walArchive.mode == 'Off' || self.physical.enabled",
      message:
        'postgresql.walArchive needs a physical copy: WAL can be replayed onto nothing else. Set physical.enabled to true, or walArchive.mode to Off',
    },
    {
      rule: 'self.logical.enabled || (self.logical.databases.size() == 0 && !has(self.logical.credentialsSecretRef))',
      message: 'postgresql.logical has databases or credentialsSecretRef, but enabled is false: set enabled to true, or take them away',
    },
  ],
);

export type PostgresqlComponent = z.output<typeof postgresqlSchema>;
export type WalArchive = z.output<typeof walArchive>;
