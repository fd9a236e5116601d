// One turn of one contestant: a clean place before it, and what the servers did meanwhile.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresServer } from '../../test/engines/postgres-server.ts';
import { giveToServer } from '../../test/engines/toolbox.ts';
import type { Contestant, Others } from './contestant.ts';
import { runQuietly } from './measure.ts';
import type { ProcessGroup } from './process-group.ts';
import type { S3Server } from './s3.ts';
import { say } from './say.ts';
import { benchDirectory } from './settings.ts';
import type { Run } from './summary.ts';

export type Place = { set: string; server: PostgresServer; group: ProcessGroup };
export type Storage = { s3: S3Server; s3Group: ProcessGroup };

// What was written before must not be written out during the next turn.
const settle = async (server: PostgresServer): Promise<void> => {
  await server.query('CHECKPOINT');
  await runQuietly(['sync']);
};

export const takeTurn = async (place: Place, { s3, s3Group }: Storage, contestant: Contestant): Promise<Run> => {
  const directory = join(benchDirectory, 'turn');
  const prefix = `turn/${contestant.name}`;
  const objects = join(s3.bucketDirectory, 'turn');
  const clear = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    await rm(objects, { recursive: true, force: true });
  };
  await clear();
  await mkdir(directory, { recursive: true });
  await giveToServer(directory);
  await settle(place.server);
  const before = { server: place.group.cpuSeconds(), s3: s3Group.cpuSeconds() };
  const others = (): Others => ({
    serverCpuSeconds: place.group.cpuSeconds() - before.server,
    s3CpuSeconds: s3Group.cpuSeconds() - before.s3,
  });
  const outcome = await contestant.run({ server: place.server, s3, directory, prefix, others });
  const othersAtEnd = outcome.others ?? others();
  await clear();
  say(
    `  ${place.set} ${contestant.target} ${contestant.name}: ${outcome.seconds.toFixed(2)} s, ${outcome.peakRssMiB.toFixed(0)} MiB (${outcome.peakOf})`,
  );
  return { set: place.set, target: contestant.target, name: contestant.name, outcome: { ...outcome, ...othersAtEnd } };
};

// ONLY='s3 (holdfast|limit)' leaves the others out, for a quick look.
export const isWanted = (set: string, { target, name }: Pick<Contestant, 'target' | 'name'>): boolean =>
  new RegExp(process.env['ONLY'] ?? '').test(`${set} ${target} ${name}`);
