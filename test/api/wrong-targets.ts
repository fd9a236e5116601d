// Wrong places to restore into.
import type { Loose } from './right-inputs.ts';
import type { WrongInput } from './wrong-policy.ts';

type Make = (name: string, says: string[], mistake: (spec: Loose) => void, more?: Partial<WrongInput>) => WrongInput;

const volume = (spec: Loose): Loose => spec.components[0].target.volume;
const inPlace = (spec: Loose): Loose => spec.components[1].target.inPlace;
const server = (spec: Loose): Loose => spec.components[2].target.server;

const components = (wrong: Make): WrongInput[] => [
  wrong('a component in capitals', ['components[0].name', 'use lower-case letters'], (spec) => {
    spec.components[0].name = 'Orders';
  }),
  wrong(
    'a component twice',
    ['spec.components[3]', 'Duplicate value'],
    (spec) => {
      spec.components.push({ name: 'orders' });
    },
    { saysServerSide: ['.spec.components', 'duplicate entries'] },
  ),
  wrong('no components', ['spec.components', 'at least 1 items'], (spec) => {
    spec.components = [];
  }),
  wrong('a target of no kind', ['components[0].target', 'exactly one of volume', 'inPlace', 'server'], (spec) => {
    spec.components[0].target = {};
  }),
  wrong('a target of two kinds', ['components[0].target', 'exactly one of volume', 'inPlace', 'server'], (spec) => {
    spec.components[0].target.inPlace = { claimName: 'data-orders-0' };
  }),
  wrong('two components into one claim', ['two of them replace what one claim holds', 'a Restore for each'], (spec) => {
    spec.components[0].target = { inPlace: { claimName: 'data-stock-0' } };
  }),
  wrong('two components into one new claim', ['two of them name the same new claim', 'of its own'], (spec) => {
    spec.components[1].target = { volume: { claimName: 'orders-restored' } };
  }),
];

// Data directories: what both kinds of claims have.
const folders = (wrong: Make): WrongInput[] =>
  (
    [
      ['volume', volume],
      ['inPlace', inPlace],
    ] as const
  ).flatMap(([kind, target]) => [
    wrong(`${kind} of another namespace`, [`${kind}.claimName`, 'in the same namespace', 'no "/"'], (spec) => {
      target(spec).claimName = 'other/data';
    }),
    wrong(`${kind} in the root of the volume`, [`${kind}.path`, 'never the root of the volume'], (spec) => {
      target(spec).path = '.';
    }),
    wrong(`${kind} out of the volume`, [`${kind}.path`, 'no ".."'], (spec) => {
      target(spec).path = 'pgdata/../../etc';
    }),
    wrong(`${kind} as root`, [`${kind}.runAs.user`, 'greater than or equal to 1'], (spec) => {
      target(spec).runAs = { user: 0, group: 999 };
    }),
    wrong(`${kind} with the group of root`, [`${kind}.runAs.group`, 'greater than or equal to 1'], (spec) => {
      target(spec).runAs = { user: 999, group: 0 };
    }),
  ]);

const volumes = (wrong: Make): WrongInput[] => [
  wrong('a new claim of no size', ['volume.size', 'more than zero bytes'], (spec) => {
    volume(spec).size = '0Gi';
  }),
  wrong('a new claim of a size in words', ['volume.size', 'write a quantity'], (spec) => {
    volume(spec).size = '10 GB';
  }),
  wrong('a storage class with a slash', ['volume.storageClassName', 'plain name'], (spec) => {
    volume(spec).storageClassName = 'fast/ssd';
  }),
];

const servers = (wrong: Make): WrongInput[] => [
  wrong('a server as a URL', ['connection.host', 'host name or address only'], (spec) => {
    server(spec).connection.host = 'https://postgres/shop';
  }),
  wrong('a server with its port', ['connection.host', 'port in connection.port'], (spec) => {
    server(spec).connection.host = 'postgres:5432';
  }),
  wrong(
    'a server as a connection string',
    ['server.connection', 'put the password into the Secret'],
    (spec) => {
      server(spec).connection.host = 'postgres://shop:CANARY@postgres/shop';
    },
    { hides: 'CANARY' },
  ),
  wrong('a server at port 0', ['connection.port', 'greater than or equal to 1'], (spec) => {
    server(spec).connection.port = 0;
  }),
  wrong('a database to log in to as a connection string', ['connection.database', 'no connection string'], (spec) => {
    server(spec).connection.database = 'shop?sslmode=disable';
  }),
  wrong('an unknown sslMode', ['connection.sslMode', 'Unsupported value', 'verify-full'], (spec) => {
    server(spec).connection.sslMode = 'prefer';
  }),
  wrong('a server without a certificate to check it by', ['connection', 'need connection.caSecretRef'], (spec) => {
    delete server(spec).connection.caSecretRef;
  }),
  wrong('a certificate that is not looked at', ['connection', 'used only with sslMode verify-ca or verify-full'], (spec) => {
    server(spec).connection.sslMode = 'require';
  }),
  wrong('a certificate of another namespace', ['caSecretRef.name', 'in the same namespace'], (spec) => {
    server(spec).connection.caSecretRef.name = 'other/ca';
  }),
  wrong('a certificate as a path', ['caSecretRef.key', 'name of one key'], (spec) => {
    server(spec).connection.caSecretRef.key = 'tls/ca.crt';
  }),
  wrong('a login of another namespace', ['credentialsSecretRef.name', 'in the same namespace'], (spec) => {
    server(spec).connection.credentialsSecretRef.name = 'other/superuser';
  }),
  wrong('a role as a path', ['credentialsSecretRef.usernameKey', 'name of one key'], (spec) => {
    server(spec).connection.credentialsSecretRef.usernameKey = 'db/username';
  }),
  wrong('a password as a path', ['credentialsSecretRef.passwordKey', 'name of one key'], (spec) => {
    server(spec).connection.credentialsSecretRef.passwordKey = 'db/password';
  }),
  wrong('databases with a wild card', ['server.databases[0]', 'plain name of one database'], (spec) => {
    server(spec).databases = ['shop_*'];
  }),
  wrong('into a database with a blank', ['server.into', 'plain name of one database'], (spec) => {
    server(spec).into = 'the shop';
  }),
  wrong(
    'add as a word',
    ['server.add', 'must be of type boolean'],
    (spec) => {
      server(spec).add = 'yes';
    },
    { saysServerSide: ['server.add', 'expected boolean'] },
  ),
  wrong(
    'roles as a word',
    ['server.roles', 'must be of type boolean'],
    (spec) => {
      server(spec).roles = 'yes';
    },
    { saysServerSide: ['server.roles', 'expected boolean'] },
  ),
];

export const wrongTargets = (wrong: Make): WrongInput[] => [...components(wrong), ...folders(wrong), ...volumes(wrong), ...servers(wrong)];
