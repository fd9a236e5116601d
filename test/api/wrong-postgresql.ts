// Wrong ways to name a server, its databases, and the keys of its Secrets.
import type { Loose } from './right-inputs.ts';
import { wrongPolicy } from './wrong-policy.ts';
import type { WrongInput } from './wrong-policy.ts';

const db = (policy: Loose): Loose => policy.spec.components[0].postgresql;

const postgresql: WrongInput[] = [
  wrongPolicy('PostgreSQL 12', ['postgresql.version', 'greater than or equal to 13'], (p) => {
    db(p).version = 12;
  }),
  wrongPolicy(
    'version as text',
    ['postgresql.version', 'must be of type integer'],
    (p) => {
      db(p).version = '17';
    },
    { saysServerSide: ['postgresql.version', 'expected numeric'] },
  ),
  wrongPolicy('increments that are required of PostgreSQL 16', ['physical.incremental', 'PostgreSQL 17 or later'], (p) => {
    db(p).version = 16;
    db(p).physical = { incremental: 'Required' };
  }),
  wrongPolicy('increments that are required without a physical copy', ['physical.incremental', 'needs a physical copy'], (p) => {
    db(p).physical = { enabled: false, incremental: 'Required' };
  }),
  wrongPolicy(
    'increments that are required without a state identity',
    ['physical.incremental', 'encryption.stateIdentitySecretRef'],
    (p) => {
      db(p).physical = { incremental: 'Required' };
      delete p.spec.encryption.stateIdentitySecretRef;
    },
  ),
  wrongPolicy('a chain of no increment', ['physical.maxChain', 'greater than or equal to 1'], (p) => {
    db(p).physical = { maxChain: 0 };
  }),
  wrongPolicy('an unknown way to copy in part', ['physical.incremental', 'Unsupported value', 'Auto'], (p) => {
    db(p).physical = { incremental: 'On' };
  }),
  wrongPolicy('image with a blank', ['postgresql.image', 'reference of an image'], (p) => {
    db(p).image = 'postgres 17';
  }),
  wrongPolicy('host with a port', ['connection.host', 'port in connection.port'], (p) => {
    db(p).connection.host = 'postgres:5432';
  }),
  wrongPolicy('host as a URL', ['connection.host', 'host name or address only'], (p) => {
    db(p).connection.host = 'https://postgres/shop';
  }),
  wrongPolicy(
    'host as a connection string',
    ['postgresql.connection', 'put the password into the Secret'],
    (p) => {
      db(p).connection.host = 'postgres://shop:CANARY@postgres/shop';
    },
    { hides: 'CANARY' },
  ),
  wrongPolicy('port 70000', ['connection.port', 'less than or equal to 65535'], (p) => {
    db(p).connection.port = 70000;
  }),
  wrongPolicy('unknown sslMode', ['connection.sslMode', 'Unsupported value', 'verify-full'], (p) => {
    db(p).connection.sslMode = 'prefer';
  }),
  wrongPolicy('verify-full without a certificate', ['connection', 'need connection.caSecretRef'], (p) => {
    delete db(p).connection.caSecretRef;
  }),
  wrongPolicy('a certificate that is not looked at', ['connection', 'used only with sslMode verify-ca or verify-full'], (p) => {
    db(p).connection.sslMode = 'require';
  }),
  wrongPolicy('neither physical nor logical', ['postgresql', 'enable physical or logical'], (p) => {
    db(p).physical = { enabled: false };
    db(p).logical = { enabled: false };
  }),
  wrongPolicy('databases of a dump that is off', ['postgresql', 'set enabled to true'], (p) => {
    db(p).logical.enabled = false;
  }),
  wrongPolicy('database to log in to as a connection string', ['connection.database', 'no connection string'], (p) => {
    db(p).connection.database = 'shop?sslmode=disable';
  }),
  wrongPolicy(
    'roles as a word',
    ['logical.globals', 'must be of type boolean'],
    (p) => {
      db(p).logical.globals = 'yes';
    },
    { saysServerSide: ['logical.globals', 'expected boolean'] },
  ),
  wrongPolicy('database with a wild card', ['logical.databases[0]', 'plain name of one database'], (p) => {
    db(p).logical.databases = ['shop_*'];
  }),
  wrongPolicy(
    'database twice',
    ['logical.databases[1]', 'Duplicate value'],
    (p) => {
      db(p).logical.databases = ['shop', 'shop'];
    },
    { saysServerSide: ['postgresql.logical.databases', 'duplicate entries'] },
  ),
];

const login = (policy: Loose): Loose => db(policy).connection.credentialsSecretRef;

// Where a Secret's key stands, a path or a value may be written by mistake.
const secretKeys: WrongInput[] = [
  wrongPolicy('key of a role as a path', ['credentialsSecretRef.usernameKey', 'name of one key'], (p) => {
    login(p).usernameKey = 'db/username';
  }),
  wrongPolicy('key of a password with a blank', ['credentialsSecretRef.passwordKey', 'name of one key'], (p) => {
    login(p).passwordKey = 'pass word';
  }),
  wrongPolicy('empty key of a role for dumps', ['logical.credentialsSecretRef.usernameKey', 'name of one key'], (p) => {
    db(p).logical.credentialsSecretRef.usernameKey = '';
  }),
  wrongPolicy('key of a password for dumps with a dollar', ['logical.credentialsSecretRef.passwordKey', 'name of one key'], (p) => {
    db(p).logical.credentialsSecretRef.passwordKey = '$PASSWORD';
  }),
  wrongPolicy('key of the certificate of the server', ['connection.caSecretRef.key', 'name of one key'], (p) => {
    db(p).connection.caSecretRef.key = 'tls/ca.crt';
  }),
  wrongPolicy('key of the signing key with a colon', ['signingKeySecretRef.key', 'name of one key'], (p) => {
    p.spec.encryption.signingKeySecretRef.key = 'signing:key';
  }),
  wrongPolicy('key of the identity itself as a path', ['stateIdentitySecretRef.identityKey', 'name of one key'], (p) => {
    p.spec.encryption.stateIdentitySecretRef.identityKey = 'state/identity';
  }),
  wrongPolicy('key of the state identity as a list', ['stateIdentitySecretRef.key', 'name of one key'], (p) => {
    p.spec.encryption.stateIdentitySecretRef.key = 'recipient,identity';
  }),
];

const wal = (policy: Loose, more: Loose = {}): void => {
  db(policy).walArchive = more;
};

const walArchive: WrongInput[] = [
  wrongPolicy('WAL archive in an unknown mode', ['walArchive.mode', 'Unsupported value'], (p) => {
    wal(p, { mode: 'Hourly' });
  }),
  wrongPolicy('WAL archive that flushes never', ['walArchive.flushInterval', 'longer than zero'], (p) => {
    wal(p, { flushInterval: '0s' });
  }),
  wrongPolicy('slot with a hyphen', ['walArchive.slotName', 'lower-case letters, digits and "_"'], (p) => {
    wal(p, { slotName: 'holdfast-shop' });
  }),
  wrongPolicy('WAL acknowledged by a tier that is not there', ['spec', 'names a tier that the policy does not have'], (p) => {
    wal(p, { acknowledge: ['glacier'] });
  }),
  wrongPolicy('WAL kept up to a number without a unit of size', ['walArchive.maxRetained', 'write a quantity'], (p) => {
    wal(p, { maxRetained: '10 GB' });
  }),
  wrongPolicy(
    'synchronous as a word',
    ['walArchive.synchronous', 'must be of type boolean'],
    (p) => {
      wal(p, { synchronous: 'no' });
    },
    { saysServerSide: ['walArchive.synchronous', 'expected boolean'] },
  ),
  wrongPolicy('WAL archive without a physical copy', ['postgresql', 'walArchive needs a physical copy'], (p) => {
    db(p).physical = { enabled: false };
    wal(p);
  }),
  wrongPolicy('scheduled WAL without a schedule', ['spec', 'Scheduled needs schedules.log'], (p) => {
    wal(p, { mode: 'Scheduled' });
  }),
  wrongPolicy('schedule for WAL that nobody archives', ['spec', 'no component archives WAL'], (p) => {
    p.spec.schedules.log = { cron: '0 * * * *' };
  }),
];

export const wrongPostgresql: WrongInput[] = [...postgresql, ...walArchive, ...secretKeys];
