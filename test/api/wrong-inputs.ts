// Wrong resources, one for each rule, bound and trap, with the words that the API server's answer must hold.
import { type Loose, publicKey, recipient, rightBackup, rightPolicy } from './right-inputs.ts';
import { wrongJobs } from './wrong-jobs.ts';
import { wrongPlans } from './wrong-plans.ts';
import { wrongPostgresql } from './wrong-postgresql.ts';
import { wrongRestores } from './wrong-restore.ts';
import { wrongPolicy } from './wrong-policy.ts';
import type { WrongInput } from './wrong-policy.ts';

const cloud = (policy: Loose): Loose => policy.spec.tiers[1].s3;
const volume = (policy: Loose): Loose => policy.spec.tiers[0].persistentVolumeClaim;
const cron = (policy: Loose, text: string): void => {
  policy.spec.schedules.full.cron = text;
};

const names: WrongInput[] = [
  wrongPolicy('policy name of 33 characters', ['metadata.name', 'at most 32 characters', 'choose a shorter one'], (p) => {
    p.metadata.name = 'a'.repeat(33);
  }),
  wrongPolicy('policy name with a dot', ['metadata.name', 'no dots'], (p) => {
    p.metadata.name = 'shop.example';
  }),
  wrongPolicy('component name of 21 characters', ['spec.components[0].name', 'may not be more than 20'], (p) => {
    p.spec.components[0].name = 'a'.repeat(21);
  }),
  wrongPolicy('component name in capitals', ['spec.components[0].name', 'use lower-case letters'], (p) => {
    p.spec.components[0].name = 'Db';
  }),
  wrongPolicy('tier name of 21 characters', ['spec.tiers[0].name', 'may not be more than 20'], (p) => {
    p.spec.tiers[0].name = 'a'.repeat(21);
  }),
  wrongPolicy(
    'two components of one name',
    ['spec.components[1]', 'Duplicate value', 'db'],
    (p) => {
      p.spec.components.push(p.spec.components[0]);
    },
    { saysServerSide: ['.spec.components', 'duplicate entries'] },
  ),
  wrongPolicy('two tiers of one name', ['spec', 'every tier needs a name of its own'], (p) => {
    p.spec.tiers[1].name = 'local';
  }),
  wrongPolicy('secret of another namespace', ['signingKeySecretRef.name', 'in the same namespace', 'no "/"'], (p) => {
    p.spec.encryption.signingKeySecretRef.name = 'other/holdfast-signing';
  }),
  wrongPolicy('secret key with a slash', ['caSecretRef.key', 'name of one key of the Secret'], (p) => {
    cloud(p).caSecretRef.key = 'tls/ca.crt';
  }),
];

const missing: WrongInput[] = [
  { name: 'no spec', object: { ...rightPolicy(), spec: undefined }, says: ['spec', 'Required value'] },
  wrongPolicy('no components', ['spec.components', 'Required value'], (p) => {
    delete p.spec.components;
  }),
  wrongPolicy('an empty list of components', ['spec.components', 'at least 1 items'], (p) => {
    p.spec.components = [];
  }),
  wrongPolicy('33 components', ['spec.components', 'must have at most 32 items'], (p) => {
    p.spec.components = Array.from({ length: 33 }, (_, index) => ({ ...p.spec.components[0], name: `db-${index}` }));
  }),
  wrongPolicy('9 tiers', ['spec.tiers', 'must have at most 8 items'], (p) => {
    p.spec.tiers = Array.from({ length: 9 }, (_, index) => ({ name: `tier-${index}`, persistentVolumeClaim: { size: '1Gi' } }));
  }),
  wrongPolicy('component of no kind', ['spec.components[0]', 'exactly one kind of data'], (p) => {
    p.spec.components = [{ name: 'db' }];
  }),
  wrongPolicy('tier of no kind', ['spec.tiers[0]', 'exactly one of persistentVolumeClaim and s3'], (p) => {
    p.spec.tiers[0] = { name: 'local' };
  }),
  wrongPolicy('tier of two kinds', ['spec.tiers[0]', 'exactly one of persistentVolumeClaim and s3', 'write two tiers'], (p) => {
    p.spec.tiers[0].s3 = { bucket: 'other' };
  }),
  wrongPolicy('no recipient', ['spec.encryption.recipients', 'at least 1 items'], (p) => {
    p.spec.encryption.recipients = [];
  }),
  wrongPolicy('no signing key', ['spec.encryption.signingKeySecretRef', 'Required value'], (p) => {
    delete p.spec.encryption.signingKeySecretRef;
  }),
  wrongPolicy('no host', ['connection.host', 'Required value'], (p) => {
    delete p.spec.components[0].postgresql.connection.host;
  }),
];

const schedules: WrongInput[] = [
  wrongPolicy('cron of four fields', ['schedules.full.cron', 'five fields', '0 2 * * *'], (p) => cron(p, '0 2 * *')),
  wrongPolicy('cron of six fields', ['schedules.full.cron', 'five fields'], (p) => cron(p, '0 0 2 * * *')),
  wrongPolicy('cron by a nickname', ['schedules.full.cron', 'five fields'], (p) => cron(p, '@daily')),
  wrongPolicy('empty cron', ['schedules.full.cron', 'five fields'], (p) => cron(p, '')),
  wrongPolicy('minute 60', ['schedules.full.cron', 'the minute', '0-59'], (p) => cron(p, '60 2 * * *')),
  wrongPolicy('hour 24', ['schedules.full.cron', 'the hour', '0-23'], (p) => cron(p, '0 24 * * *')),
  wrongPolicy('day 32', ['schedules.full.cron', 'the day of the month', '1-31'], (p) => cron(p, '0 2 32 * *')),
  wrongPolicy('month FOO', ['schedules.full.cron', 'the month', 'JAN-DEC'], (p) => cron(p, '0 2 * FOO *')),
  wrongPolicy('week day 8', ['schedules.full.cron', 'the day of the week', 'SUN-SAT'], (p) => cron(p, '0 2 * * 8')),
  wrongPolicy('time zone that is none', ['timeZone', 'Mars/Olympus', 'IANA name'], (p) => {
    p.spec.schedules.full.timeZone = 'Mars/Olympus';
  }),
  wrongPolicy('time zone as an offset', ['timeZone', 'no offset'], (p) => {
    p.spec.schedules.full.timeZone = '+02:00';
  }),
  wrongPolicy('time zone of the API server itself', ['timeZone', 'IANA name'], (p) => {
    p.spec.schedules.full.timeZone = 'Local';
  }),
];

const keys: WrongInput[] = [
  wrongPolicy('recipient that is cut', ['encryption.recipients[0]', '62 characters', 'keygen'], (p) => {
    p.spec.encryption.recipients = [recipient.slice(0, 50)];
  }),
  wrongPolicy('recipient of SSH', ['encryption.recipients[0]', 'begin with age1'], (p) => {
    p.spec.encryption.recipients = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI'];
  }),
  wrongPolicy(
    'recipient twice',
    ['encryption.recipients[1]', 'Duplicate value'],
    (p) => {
      p.spec.encryption.recipients = [recipient, recipient];
    },
    { saysServerSide: ['.spec.encryption.recipients', 'duplicate entries'] },
  ),
  wrongPolicy(
    'secret identity as recipient',
    ['encryption.recipients', 'secret identity', 'make a new one'],
    (p) => {
      p.spec.encryption.recipients = ['AGE-SECRET-KEY-1CANARY'];
    },
    { hides: 'CANARY' },
  ),
  wrongPolicy('verification key that is none', ['verificationKeys[0].key', 'begin with MCowBQYDK2VwAyEA'], (p) => {
    p.spec.encryption.verificationKeys[0].key = `AAAA${publicKey.slice(4)}`;
  }),
  wrongPolicy(
    'private key as verification key',
    ['encryption.verificationKeys', 'private signing key', 'make a new pair'],
    (p) => {
      p.spec.encryption.verificationKeys[0].key = 'MC4CAQAwBQYDK2VwBCIEICANARY';
    },
    { hides: 'CANARY' },
  ),
  wrongPolicy(
    'two verification keys of one id',
    ['verificationKeys[1]', 'Duplicate value'],
    (p) => {
      p.spec.encryption.verificationKeys.push(p.spec.encryption.verificationKeys[0]);
    },
    { saysServerSide: ['.spec.encryption.verificationKeys', 'duplicate entries'] },
  ),
];

const tiers: WrongInput[] = [
  wrongPolicy('endpoint without a scheme', ['s3.endpoint', 'write scheme, host'], (p) => {
    cloud(p).endpoint = 'store.shop-store.svc:7070';
  }),
  wrongPolicy('endpoint with a slash at the end', ['s3.endpoint', 'no slash at the end'], (p) => {
    cloud(p).endpoint = 'https://s3.example.org/';
  }),
  wrongPolicy(
    'endpoint with a password',
    ['s3', 'must not hold a user or password', 'credentialsSecretRef'],
    (p) => {
      cloud(p).endpoint = 'https://user:CANARY@s3.example.org';
    },
    { hides: 'CANARY' },
  ),
  wrongPolicy('prefix with ..', ['s3', 'must not hold the parts', 'write the plain path'], (p) => {
    cloud(p).prefix = 'shop/../other';
  }),
  wrongPolicy('prefix with a slash at the end', ['s3.prefix', 'no slash at either end'], (p) => {
    cloud(p).prefix = 'shop/';
  }),
  wrongPolicy('bucket as a URL', ['s3.bucket', 'no s3://'], (p) => {
    cloud(p).bucket = 's3://holdfast';
  }),
  wrongPolicy('bucket of two characters', ['s3.bucket', '3 to 63 characters'], (p) => {
    cloud(p).bucket = 'ab';
  }),
  wrongPolicy('region in capitals', ['s3.region', 'eu-central-1'], (p) => {
    cloud(p).region = 'EU Frankfurt';
  }),
  wrongPolicy('certificate for a plain endpoint', ['s3', 'caSecretRef goes with an https:// endpoint'], (p) => {
    cloud(p).endpoint = 'http://store:7070';
  }),
  wrongPolicy(
    'path style as a word',
    ['s3.forcePathStyle', 'must be of type boolean'],
    (p) => {
      cloud(p).forcePathStyle = 'true';
    },
    { saysServerSide: ['s3.forcePathStyle', 'expected boolean'] },
  ),
  wrongPolicy('account of a tier with its namespace', ['tiers[0].serviceAccountName', 'no namespace'], (p) => {
    p.spec.tiers[0].serviceAccountName = 'shop:backup';
  }),
  wrongPolicy('claim and size', ['persistentVolumeClaim', 'exactly one of claimName', 'size'], (p) => {
    volume(p).claimName = 'existing';
  }),
  wrongPolicy('storage class of an existing claim', ['persistentVolumeClaim', 'storageClassName goes with size'], (p) => {
    p.spec.tiers[0].persistentVolumeClaim = { claimName: 'existing', storageClassName: 'fast' };
  }),
  wrongPolicy('size of nothing', ['persistentVolumeClaim.size', 'more than zero'], (p) => {
    volume(p).size = '0Gi';
  }),
  wrongPolicy('size in words', ['persistentVolumeClaim.size', 'quantity such as'], (p) => {
    volume(p).size = '10 GB';
  }),
  wrongPolicy('two tiers on one claim', ['two tiers name the same claim', 'lost together'], (p) => {
    p.spec.tiers = ['one', 'two'].map((name) => ({ name, persistentVolumeClaim: { claimName: 'existing' } }));
  }),
  wrongPolicy('two tiers in one bucket', ['two tiers name the same bucket and prefix'], (p) => {
    p.spec.tiers = ['one', 'two'].map((name) => ({ name, s3: { bucket: 'holdfast' } }));
  }),
];

const backups: WrongInput[] = [
  {
    name: 'backup that somebody with a very long name asked for',
    object: { ...rightBackup(), spec: { policyRef: { name: 'absent' }, requestedBy: 'a'.repeat(254) } },
    says: ['spec.requestedBy', 'may not be more than 253'],
  },
  { name: 'backup of no policy', object: { ...rightBackup(), spec: {} }, says: ['spec.policyRef', 'Required value'] },
  {
    name: 'backup of an unknown type',
    object: { ...rightBackup(), spec: { policyRef: { name: 'absent' }, type: 'Partial' } },
    says: ['spec.type', 'Unsupported value', 'Full', 'Incremental'],
  },
  {
    name: 'backup of a policy elsewhere',
    object: { ...rightBackup(), spec: { policyRef: { name: 'other/shop' } } },
    says: ['spec.policyRef.name', 'use lower-case letters'],
  },
  {
    name: 'backup of one component twice',
    object: { ...rightBackup(), spec: { policyRef: { name: 'absent' }, components: ['db', 'db'] } },
    says: ['spec.components[1]', 'Duplicate value'],
    saysServerSide: ['.spec.components', 'duplicate entries'],
  },
  {
    name: 'backup of no components',
    object: { ...rightBackup(), spec: { policyRef: { name: 'absent' }, components: [] } },
    says: ['spec.components', 'at least 1 items'],
  },
  {
    name: 'backup that is changed',
    before: rightBackup('changed'),
    object: { ...rightBackup('changed'), spec: { policyRef: { name: 'absent' }, components: ['uploads'] } },
    says: ['spec', 'cannot be changed', 'create another Backup'],
  },
];

export const wrongInputs: WrongInput[] = [
  ...names,
  ...missing,
  ...schedules,
  ...wrongPostgresql,
  ...keys,
  ...tiers,
  ...wrongJobs,
  ...wrongPlans,
  ...backups,
  ...wrongRestores,
];
