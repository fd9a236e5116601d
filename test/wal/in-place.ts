// A server that is restored in place, and set back again: its data directory is exchanged for another one while a receiver archives it.
import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WindowLine } from '../../src/api/agent.ts';
import { lsnBytes } from '../../src/api/lsn.ts';
import { keepLog } from '../../src/archive/kept-log.ts';
import { runPlan } from '../../src/archive/run-plan.ts';
import type { Point } from '../../src/core/recovery/wish.ts';
import { silent } from '../engines/agent-run.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import type { World } from '../recovery/world.ts';
import { slot, until } from './receiver-run.ts';
import type { RunningReceiver } from './receiver-run.ts';

// `phase`: what the server was when the row was written. Rows of two histories may have one id.
export type Row = { id: number; phase: string; micros: number; lsn: string };

export const settings = { track_commit_timestamp: 'on', max_slot_wal_keep_size: '1GB', summarize_wal: 'on' };
export const physicalOnly = { logical: { enabled: false, databases: [], globals: false, credentialsDirectory: '' } };

export const beginPhase = (server: PostgresServer, phase: string) =>
  server.query(`ALTER TABLE ledger ADD COLUMN IF NOT EXISTS phase text; ALTER TABLE ledger ALTER COLUMN phase SET DEFAULT '${phase}'`);

export const rowsOf = (server: PostgresServer): Promise<Row[]> =>
  server.query<Row>(
    `SELECT id, phase, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint::float8 AS micros, lsn::text FROM ledger ORDER BY id`,
  );

export const named = (rows: readonly Row[]): string[] => rows.map(({ id, phase }) => `${phase}${id}`);
export const upTo = (rows: readonly Row[], last: Row): string[] => named(rows.filter(({ id }) => id <= last.id));

// The data directory of a server that is stopped changes places with another one.
export const exchange = async (server: PostgresServer, other: string): Promise<void> => {
  const between = `${server.dataDirectory}.between`;
  await rename(server.dataDirectory, between);
  await rename(other, server.dataDirectory);
  await rename(between, other);
};

// Restores in place while the server still runs, as Holdfast does: recovered beside it, then exchanged. Returns the server as it runs now; its old
// directory lies where the new one was made.
export const restoreInPlace = async (world: World, server: PostgresServer, point: Point, before: string): Promise<PostgresServer> => {
  await world.recover({ point }, before);
  await server.stop('fast');
  await exchange(server, before);
  return world.fixture.restart(server);
};

export const undo = async (world: World, server: PostgresServer, before: string): Promise<PostgresServer> => {
  await server.stop('fast');
  await exchange(server, before);
  return world.fixture.restart(server);
};

export const timelineOf = async (server: PostgresServer): Promise<number> =>
  (await server.query<{ timeline: number }>('SELECT timeline_id AS timeline FROM pg_control_checkpoint()'))[0]?.timeline ?? 0;

export const slotNow = async (server: PostgresServer): Promise<{ active: boolean; retainedBytes: number }> => {
  const [row] = await server.query<{ active: boolean; retained: number }>(
    `SELECT active, (pg_current_wal_lsn() - restart_lsn)::float8 AS retained FROM pg_replication_slots WHERE slot_name = '${slot}'`,
  );
  return { active: row?.active === true, retainedBytes: row?.retained ?? Number.POSITIVE_INFINITY };
};

// All that the server has written is stored on its timeline, with a mark that says so.
export const stored = async (server: PostgresServer, receiver: RunningReceiver, timeline: number): Promise<void> => {
  const [row] = await server.query<{ lsn: string; now: number }>(
    'SELECT pg_current_wal_flush_lsn()::text AS lsn, extract(epoch FROM clock_timestamp())::float8 * 1000 AS now',
  );
  await until(
    `the WAL of timeline ${timeline} is stored`,
    () => {
      const line = receiver.newest();
      return (
        line?.timeline === timeline &&
        lsnBytes(line.storedLsn ?? '0/0') >= lsnBytes(row?.lsn ?? '') &&
        Date.parse(line.markTime ?? '') >= (row?.now ?? 0)
      );
    },
    70,
    receiver,
  );
};

let restores = 0;
// The rows at that point, as a recovery from the store alone brings them back, and the timeline that it came along.
export const rowsAt = async (
  world: World,
  point: Point,
  more: { timeline?: number } = {},
): Promise<{ rows: string[]; timeline: number | undefined; newTimeline: number | undefined }> => {
  restores += 1;
  const to = join(world.fixture.directory, `at-${restores}`);
  const { directory } = await world.recover({ point, ...more }, to);
  const restored = await world.startOn(to, { settings: { ssl: 'off', fsync: 'off', track_commit_timestamp: 'on' } });
  try {
    const rows = named(await rowsOf(restored));
    return { rows, timeline: directory?.replayed?.timeline, newTimeline: directory?.replayed?.newTimeline };
  } finally {
    await restored.stop('immediate');
    await rm(to, { recursive: true });
  }
};

export const windowOf = async (world: World): Promise<WindowLine | undefined> => {
  const lines: WindowLine[] = [];
  await runPlan(
    {
      verb: 'inspect',
      policy: { namespace: 'shop', name: 'shop' },
      clusterId: 'b0a9f3a2-8a55-4a53-9d0e-1f6f4a2f8f10',
      verificationKeys: [world.verificationKey],
      tier: { name: 'local', location: { kind: 'directory', directory: world.directory } },
    },
    {
      log: silent,
      kept: keepLog(),
      signal: new AbortController().signal,
      report: (line) => void (line.kind === 'window' && lines.push(line)),
    },
  );
  return lines.find(({ component }) => component === 'db');
};

// What lies in the store: no object may ever change or go.
export const objectsIn = ({ directory }: World): Map<string, string> =>
  new Map(
    globSync('**/*', { cwd: directory })
      .filter((name) => statSync(join(directory, name)).isFile())
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex'),
      ]),
  );

export const changedSince = (before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] =>
  [...before].filter(([name, digest]) => now.get(name) !== digest).map(([name]) => name);
