// SQL at the demo's server, as its superuser, by the socket inside its pod.
import { mustKubectl } from '../../cluster/kubectl.ts';

const psql = [
  'psql',
  '--no-psqlrc',
  '--host=/tmp',
  '--username=postgres',
  '--tuples-only',
  '--no-align',
  '--set=ON_ERROR_STOP=1',
  '--quiet',
];
export const inPostgres = ['exec', '-i', '-n', 'shop', 'postgres-0', '--'];

// Runs statements and returns what they print: rows on lines, fields joined by "|".
export const shopSql = (text: string, database = 'shop'): Promise<string> =>
  mustKubectl([...inPostgres, ...psql, `--dbname=${database}`, '--file=-'], text);

// A database whose bytes do not compress: a dump of it has about that many. Its WAL has none of them: somebody may archive that.
export const makeNoise = async (name: string, mebibytes: number): Promise<void> => {
  await dropNoise(name);
  await shopSql(`CREATE DATABASE ${name}`, 'postgres');
  await shopSql(
    `CREATE EXTENSION pgcrypto;
     CREATE UNLOGGED TABLE noise (id int PRIMARY KEY, bytes bytea);
     ALTER TABLE noise ALTER bytes SET STORAGE EXTERNAL;
     INSERT INTO noise SELECT n, (SELECT string_agg(gen_random_bytes(1024), '') FROM generate_series(1, 64 + 0 * n)) FROM generate_series(1, ${mebibytes * 16}) AS n;`,
    name,
  );
};

export const dropNoise = async (name: string): Promise<void> => {
  await shopSql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, 'postgres');
};
