// What is restored: a Full, six increments and WAL behind them, of Holdfast and of pgBackRest, in one bucket.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lsnBytes, segmentNames } from '../../src/api/lsn.ts';
import { giveToServer } from '../../test/engines/toolbox.ts';
import { agentCommand } from '../common/agent.ts';
import { makeBackup } from '../common/chain.ts';
import type { Repository } from '../common/chain.ts';
import { pgbench, updateRows } from '../common/copied-set.ts';
import type { Keys } from '../common/keys.ts';
import { measure, runQuietly } from '../common/measure.ts';
import { asServer, makeStanza, pgbackrestParameters, pgbackrestWords } from '../common/pgbackrest.ts';
import { say } from '../common/say.ts';
import { benchDirectory } from '../common/settings.ts';
import { makeReady } from '../wal/backlog.ts';
import { archiver } from '../wal/pgbackrest.ts';
import { planOf, slot } from '../wal/ours.ts';

const segmentBytes = 16 * 1024 ** 2;
export const increments = 6;
export const directory = join(benchDirectory, 'repositories');

// `full`, `newest`: backups of ours. `fullLabel`: of pgBackRest. `end`: where the replay ends.
export type Stored = {
  repository: Repository;
  full: string;
  newest: string;
  configuration: string;
  fullLabel: string;
  end: string;
  segments: number;
};

export type Sizes = { scale: number; updates: number; segments: number };

export const fillStore = async (place: Pick<Repository, 'server' | 's3'>, keys: Keys, sizes: Sizes): Promise<Stored> => {
  const { server } = place;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await giveToServer(directory);
  const repository: Repository = { ...place, directory, prefix: 'kept/holdfast', target: 's3' };
  await server.query(`SELECT pg_create_physical_replication_slot('${slot}', true)`);
  const [first] = await server.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');

  say('The Full of both');
  const { id: full } = await makeBackup(repository, keys);
  const configuration = await makeStanza('s3', true, { ...repository, prefix: 'kept/pgbackrest' });
  await runQuietly(pgbackrestWords(configuration, ['backup', '--type=full']));
  const fullLabel = await newestLabel(configuration);
  let newest = full;
  for (let made = 1; made <= increments; made += 1) {
    say(`Increment ${made} of ${increments}, after ${sizes.updates} updates`);
    await updateRows(server, sizes.scale, sizes.updates);
    ({ id: newest } = await makeBackup(repository, keys, newest));
    await runQuietly(pgbackrestWords(configuration, ['backup', '--type=incr']));
  }

  say(`${sizes.segments} segments of WAL`);
  const flushed = async (): Promise<bigint> =>
    lsnBytes((await server.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn'))[0]?.lsn ?? '');
  const begin = await flushed();
  while (Number((await flushed()) - begin) < sizes.segments * segmentBytes) {
    await server.query('CHECKPOINT');
    await pgbench(server, ['--client=4', '--transactions=2000']);
  }
  const [end] = await server.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  await server.query('SELECT pg_switch_wal()');
  const { mode: _, ...plan } = planOf('s3', repository, keys);
  await measure(await agentCommand({ ...plan, mode: 'Once' }));
  await push(server, configuration, lsnBytes(first?.lsn ?? ''), await flushed());
  return {
    repository,
    full,
    newest,
    configuration,
    fullLabel,
    end: end?.lsn ?? '',
    segments: Math.round(Number(lsnBytes(end?.lsn ?? '') - begin) / segmentBytes),
  };
};

const newestLabel = async (configuration: string): Promise<string> => {
  const [stanza] = JSON.parse(await runQuietly(pgbackrestWords(configuration, ['info', '--output=json']))) as [
    { backup: { label: string }[] },
  ];
  return stanza.backup.at(-1)?.label ?? '';
};

// Whole segments only: the server has ended the last one.
const push = async (server: Repository['server'], configuration: string, from: bigint, to: bigint): Promise<void> => {
  const there = new Set(await readdir(join(server.dataDirectory, 'pg_wal')));
  const segments = segmentNames(1, from, to - (to % BigInt(segmentBytes)), segmentBytes).filter((name) => there.has(name));
  await makeReady(server, segments);
  const parameters = pgbackrestParameters(configuration).join(' ');
  await runQuietly(asServer(['bash', '-c', archiver, `${server.dataDirectory}/pg_wal`, parameters, ...segments]));
};
