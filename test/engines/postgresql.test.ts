// The pure parts of the engine for PostgreSQL: what it reads, what it compares, what it refuses.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import test from 'ava';
import * as fc from 'fast-check';
import { EngineError } from '../../src/engines/engine.ts';
import { checkDatabase, checkGlobals, checkServer } from '../../src/engines/postgresql/checks.ts';
import { clientError } from '../../src/engines/postgresql/client-errors.ts';
import type { DatabaseFacts } from '../../src/engines/postgresql/database-facts.ts';
import { dumpName } from '../../src/engines/postgresql/logical/database-dump.ts';
import { compareRows, readCounts } from '../../src/engines/postgresql/logical/stored-rows.ts';
import { readBackupManifest } from '../../src/engines/postgresql/physical/backup-manifest.ts';
import { checkBase } from '../../src/engines/postgresql/physical/check-base.ts';
import { newestBefore } from '../../src/engines/postgresql/physical/commit-clock.ts';
import { lsnBytes, segmentNames } from '../../src/api/lsn.ts';
import { readTarListing } from '../../src/engines/postgresql/physical/tar-listing.ts';
import type { ServerFacts } from '../../src/engines/postgresql/server-facts.ts';
import { connectionString } from '../../src/engines/postgresql/tool-environment.ts';

const mebibyte = 1024 ** 2;
const segmentBytes = 16 * mebibyte;

const server: ServerFacts = {
  major: 17,
  version: '17.11',
  user: 'holdfast_physical',
  mayReplicate: true,
  walLevel: 'replica',
  walSegmentBytes: segmentBytes,
  dataChecksums: true,
  systemIdentifier: '7400000000000000001',
  maxWalSenders: 10,
  usedWalSenders: 0,
  maxSlots: 10,
  usedSlots: 0,
  tablespaces: [],
  databaseBytes: 30 * mebibyte,
};

const database: DatabaseFacts = {
  name: 'shop',
  bytes: 10 * mebibyte,
  user: 'holdfast_dump',
  isSuperuser: false,
  bypassesRowSecurity: true,
  unreadable: 0,
  rowSecured: 0,
  unreadableLargeObjects: 0,
  mayReadPasswords: true,
  extensions: [],
};

const refusal = (work: () => void): EngineError | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) {
      return error;
    }
    throw error;
  }
};

const wanted = { version: 17, physical: true };

test('a server that can be backed up passes every check', (t) => {
  t.is(
    refusal(() => checkServer(server, wanted)),
    undefined,
  );
  t.is(
    refusal(() => checkDatabase(database)),
    undefined,
  );
  t.is(
    refusal(() => checkGlobals(database)),
    undefined,
  );
});

const serverTable: { title: string; facts: Partial<ServerFacts>; code: string; says: string; retryable?: boolean }[] = [
  { title: 'another major version', facts: { major: 16, version: '16.4' }, code: 'VersionMismatch', says: 'postgresql.version' },
  {
    title: 'a role without REPLICATION',
    facts: { mayReplicate: false },
    code: 'PermissionMissing',
    says: 'ALTER ROLE "holdfast_physical" REPLICATION',
  },
  { title: 'wal_level minimal', facts: { walLevel: 'minimal' }, code: 'SourceMisconfigured', says: 'wal_level = replica' },
  { title: 'no WAL sender at all', facts: { maxWalSenders: 0 }, code: 'SourceMisconfigured', says: 'max_wal_senders' },
  {
    title: 'all WAL senders in use',
    facts: { usedWalSenders: 9 },
    code: 'SourceMisconfigured',
    says: '9 of max_wal_senders = 10',
    retryable: true,
  },
  {
    title: 'no replication slot left',
    facts: { usedSlots: 10 },
    code: 'SourceMisconfigured',
    says: 'max_replication_slots',
    retryable: true,
  },
  { title: 'tablespaces', facts: { tablespaces: ['fast', 'slow'] }, code: 'TablespacesUnsupported', says: 'fast, slow' },
];

for (const { title, facts, code, says, retryable = false } of serverTable) {
  test(`refused for a physical copy: ${title}`, (t) => {
    const found = refusal(() => checkServer({ ...server, ...facts }, wanted));
    t.is(found?.code, code as EngineError['code']);
    t.is(found?.retryable, retryable);
    t.true(found?.message.includes(says), found?.message);
  });
}

test('what only a physical copy needs does not stop a dump', (t) => {
  const poor = { ...server, mayReplicate: false, walLevel: 'minimal', maxWalSenders: 0, usedSlots: 10, tablespaces: ['fast'] };
  t.is(
    refusal(() => checkServer(poor, { version: 17, physical: false })),
    undefined,
  );
});

const databaseTable: { title: string; facts: Partial<DatabaseFacts>; says: string }[] = [
  { title: 'tables that cannot be read', facts: { unreadable: 3, unreadableExample: 'public.orders' }, says: 'such as public.orders' },
  { title: 'rows that are hidden', facts: { rowSecured: 1, bypassesRowSecurity: false }, says: 'BYPASSRLS' },
  { title: 'large objects that cannot be read', facts: { unreadableLargeObjects: 50 }, says: 'lo_compat_privileges' },
];

for (const { title, facts, says } of databaseTable) {
  test(`refused for a dump: ${title}`, (t) => {
    const found = refusal(() => checkDatabase({ ...database, ...facts }));
    t.is(found?.code, 'PermissionMissing');
    t.true(found?.message.includes(says), found?.message);
  });
}

test('row-level security stops neither a superuser nor a role that bypasses it', (t) => {
  t.is(
    refusal(() => checkDatabase({ ...database, rowSecured: 1, bypassesRowSecurity: false, isSuperuser: true })),
    undefined,
  );
  t.is(
    refusal(() => checkDatabase({ ...database, rowSecured: 1 })),
    undefined,
  );
  t.is(refusal(() => checkGlobals({ ...database, mayReadPasswords: false }))?.code, 'PermissionMissing');
});

const where = { host: 'postgres.shop.svc', port: 5432, database: 'shop', user: 'holdfast_physical' };
const failure = (code: string, message: string): Error => Object.assign(new Error(message), code === '' ? {} : { code });

const errorTable: [title: string, error: Error, code: string, retryable: boolean, says: string][] = [
  ['nobody listens', failure('ECONNREFUSED', 'connect ECONNREFUSED'), 'SourceUnreachable', true, 'postgres.shop.svc:5432'],
  ['no such host', failure('ENOTFOUND', 'getaddrinfo ENOTFOUND'), 'SourceUnreachable', true, 'connection.host'],
  ['silence', failure('', 'timeout expired'), 'SourceUnreachable', true, 'timeout expired'],
  ['wrong password', failure('28P01', 'password authentication failed'), 'AuthenticationFailed', false, 'credentialsSecretRef'],
  ['no line in pg_hba.conf', failure('28000', 'no pg_hba.conf entry for replication'), 'PermissionMissing', false, 'pg_hba.conf'],
  ['no such role', failure('28000', 'role "x" does not exist'), 'AuthenticationFailed', false, 'docs/postgresql.md'],
  ['no such database', failure('3D000', 'database "shop" does not exist'), 'DatabaseMissing', false, 'connection.database'],
  ['a right is missing', failure('42501', 'permission denied'), 'PermissionMissing', false, 'docs/postgresql.md'],
  ['too many connections', failure('53300', 'too many connections'), 'SourceUnreachable', true, 'too many'],
  ['starting up', failure('57P03', 'the database system is starting up'), 'SourceUnreachable', true, 'starting up'],
  ['no slot left', failure('53400', 'all replication slots are in use'), 'SourceMisconfigured', true, 'max_replication_slots'],
  ['unknown authority', failure('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate'), 'SourceMisconfigured', false, 'caSecretRef'],
  ['certificate of another host', failure('ERR_TLS_CERT_ALTNAME_INVALID', 'altnames'), 'SourceMisconfigured', false, 'verify-full'],
  ['no TLS', failure('', 'The server does not support SSL connections'), 'SourceMisconfigured', false, 'sslMode'],
  ['anything else of the server', failure('XX000', 'cache lookup failed'), 'SourceFailed', true, 'XX000'],
];

for (const [title, error, code, retryable, says] of errorTable) {
  test(`an error of the connection is named: ${title}`, (t) => {
    const found = clientError(error, where);
    t.true(found instanceof EngineError);
    if (found instanceof EngineError) {
      t.is(found.code, code as EngineError['code']);
      t.is(found.retryable, retryable);
      t.true(found.message.includes(says), found.message);
    }
  });
}

test('an abort stays an abort', (t) => {
  const abort = new DOMException('stopped', 'AbortError');
  t.is(clientError(abort, where), abort);
});

test('an LSN is read as PostgreSQL means it', (t) => {
  t.is(lsnBytes('0/3000028'), 0x3000028n);
  t.is(lsnBytes('1A/FF000000'), 0x1aff000000n);
  t.throws(() => lsnBytes('3000028'), { instanceOf: RangeError });
});

test('segments are named as PostgreSQL names them, for every size of segment', (t) => {
  t.deepEqual(segmentNames(1, lsnBytes('0/2000028'), lsnBytes('0/2000158'), segmentBytes), ['000000010000000000000002']);
  t.deepEqual(segmentNames(3, lsnBytes('0/FF000000'), lsnBytes('1/1'), segmentBytes), [
    '0000000300000000000000FF',
    '000000030000000100000000',
  ]);
  t.deepEqual(segmentNames(1, lsnBytes('0/FC000000'), lsnBytes('1/1'), 64 * mebibyte), [
    '00000001000000000000003F',
    '000000010000000100000000',
  ]);
  t.deepEqual(
    segmentNames(1, lsnBytes('0/2000000'), lsnBytes('0/3000000'), segmentBytes),
    ['000000010000000000000002'],
    'an end on a border needs no more',
  );
});

const manifestText = (files: object[], ranges: object[], checksum?: string): Buffer => {
  const head = `{ "PostgreSQL-Backup-Manifest-Version": 2,\n"System-Identifier": 1,\n"Files": ${JSON.stringify(files)},\n"WAL-Ranges": ${JSON.stringify(ranges)},\n`;
  return Buffer.from(`${head}"Manifest-Checksum": "${checksum ?? createHash('sha256').update(head).digest('hex')}"}\n`);
};
const range = { Timeline: 1, 'Start-LSN': '0/2000028', 'End-LSN': '0/3000060' };
const listed = [
  { Path: 'PG_VERSION', Size: 3 },
  { Path: 'base/1/1255', Size: 8192 },
  { 'Encoded-Path': '66ff', Size: 1 },
];

test('a backup manifest is read, and refused where it was cut or changed', (t) => {
  const whole = manifestText(listed, [range]);
  const manifest = readBackupManifest(whole);
  t.is(manifest.files.get('base/1/1255'), 8192);
  t.is(manifest.files.get('f\u00ff'), 1);
  t.deepEqual(manifest.walRanges, [{ timeline: 1, startLsn: '0/2000028', endLsn: '0/3000060' }]);
  const refused = [
    whole.subarray(0, whole.length - 30),
    Buffer.from(whole.toString().replace('8192', '8193')),
    manifestText(listed, [range], '0'.repeat(64)),
    manifestText(listed, []),
    Buffer.alloc(0),
  ];
  for (const [at, content] of refused.entries()) {
    t.is(refusal(() => readBackupManifest(content))?.code, 'VerificationFailed', `case ${at}`);
  }
});

test('the listing of an archive is read, odd names included', async (t) => {
  const lines = [
    'drwx------ 26/26 0 2026-11-22 02:00 base/1/',
    '-rw------- 26/26 8192 2026-11-22 02:00 base/1/1255',
    '-rw------- 26/26 1073741824 2026-11-22 02:00 ./base/1/a name',
    String.raw`-rw------- 26/26 1 2026-11-22 02:00 f\377`,
    String.raw`-rw------- 26/26 2 2026-11-22 02:00 new\nline\\`,
  ];
  const files = await readTarListing(Readable.from(lines.map((line) => `${line}\n`)));
  t.deepEqual(
    [...files],
    [
      ['base/1/1255', 8192],
      ['base/1/a name', 1_073_741_824],
      ['f\u00ff', 1],
      ['new\nline\\', 2],
    ],
  );
});

const wholeCopy = () => {
  const manifest = readBackupManifest(manifestText(listed, [range]));
  const members = new Map([
    ...manifest.files,
    ['backup_manifest', 900],
    ['pg_wal/000000010000000000000002', segmentBytes],
    ['pg_wal/000000010000000000000003', segmentBytes],
    ['pg_wal/archive_status/000000010000000000000002.done', 0],
  ]);
  return { manifest, members };
};

test('a whole copy of the data directory passes', (t) => {
  const { manifest, members } = wholeCopy();
  t.is(
    refusal(() => checkBase(members, manifest, segmentBytes)),
    undefined,
  );
});

test('a copy that lacks any file or segment, or has one of another size, is refused', (t) => {
  const { manifest, members } = wholeCopy();
  const needed = [...members.keys()].filter((path) => path !== 'backup_manifest' && !path.includes('archive_status'));
  fc.assert(
    fc.property(fc.constantFrom(...needed), fc.boolean(), (path, remove) => {
      const broken = new Map(members);
      if (remove) {
        broken.delete(path);
      } else {
        broken.set(path, (members.get(path) ?? 0) + 1);
      }
      const found = refusal(() => checkBase(broken, manifest, segmentBytes));
      return found?.code === 'VerificationFailed' && found.message.includes(path.replace('pg_wal/', ''));
    }),
  );
  t.is(refusal(() => checkBase(new Map([...members, ['base/1/planted', 5]]), manifest, segmentBytes))?.code, 'VerificationFailed');
});

test('the instant up to which all commits are in a copy is never too late', (t) => {
  const samples = [
    { time: 1000, lsn: 10n },
    { time: 1500, lsn: 20n },
    { time: 2000, lsn: 30n },
  ];
  t.is(newestBefore(samples, 25n)?.getTime(), 1500);
  t.is(newestBefore(samples, 30n)?.getTime(), 2000);
  t.is(newestBefore(samples, 9n), undefined);
});

test('rows of a stored dump are counted for every form of a name', async (t) => {
  const output = ['7\tCOPY public.orders (id, "total cents") FROM stdin;', '0\tCOPY "My ""schema"""."or.der" (id) FROM stdin;', 'garbage'];
  t.deepEqual(await readCounts(Readable.from(output.map((line) => `${line}\n`))), [
    { schema: 'public', table: 'orders', rows: 7 },
    { schema: 'My "schema"', table: 'or.der', rows: 0 },
  ]);
});

test('a dump with other rows than its snapshot is refused', (t) => {
  const snapshot = [{ schema: 'public', table: 'orders', rows: 7, counted: 'Snapshot' as const, digest: '1' }];
  const more = { schema: 'public', table: 'large', rows: 3 };
  t.deepEqual(compareRows('shop', snapshot, [{ schema: 'public', table: 'orders', rows: 7 }, more]), [
    ...snapshot,
    { ...more, counted: 'Dump' },
  ]);
  for (const stored of [[{ schema: 'public', table: 'orders', rows: 6 }], [more]]) {
    t.is(refusal(() => compareRows('shop', snapshot, stored))?.code, 'VerificationFailed');
  }
});

test('the object of a dump has a name that every store can keep', (t) => {
  t.is(dumpName('shop'), 'shop.dump');
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 63, unit: 'grapheme' }), (name) => {
      fc.pre(name.isWellFormed());
      return /^[A-Za-z0-9%_.-]+\.dump$/.test(dumpName(name)) && decodeURIComponent(dumpName(name).replace(/\.dump$/, '')) === name;
    }),
  );
});

test('a connection string keeps odd names of databases whole', (t) => {
  t.true(connectionString(String.raw`it's \ here`).startsWith(String.raw`dbname='it\'s \\ here' `));
});
