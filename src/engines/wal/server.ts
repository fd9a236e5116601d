// What a server says of its WAL: settings, timeline and places, the slot, who waits for us.
import { lsnBytes } from '../../api/lsn.ts';
import { applicationName } from '../postgresql/client.ts';
import type { Session } from '../postgresql/client.ts';
import { mayBeSynchronous } from './synchronous.ts';

export type WalServer = {
  systemIdentifier: string;
  timeline: number;
  // Everything before it is on the server's disk.
  flushed: bigint;
};

// Over a replication connection. On a standby `flushed` is what it has received.
export const identifySystem = async (session: Session): Promise<WalServer> => {
  const [row] = await session.query<{ systemid: string; timeline: number | string; xlogpos: string }>('IDENTIFY_SYSTEM');
  if (row === undefined) {
    throw new TypeError('the server does not identify itself');
  }
  return { systemIdentifier: row.systemid, timeline: Number(row.timeline), flushed: lsnBytes(row.xlogpos) };
};

// The history file of a timeline, as the server has it. Over a replication connection.
export const readHistoryFile = async (session: Session, timeline: number): Promise<Buffer> => {
  const [row] = await session.query<{ content: string | Buffer }>(`TIMELINE_HISTORY ${timeline}`);
  return Buffer.from(row?.content ?? '');
};

export type KeepSettings = {
  inRecovery: boolean;
  // max_slot_wal_keep_size in bytes; undefined: without limit.
  slotKeepBytes: number | undefined;
};

export const readKeepSettings = async (session: Session): Promise<KeepSettings> => {
  const [row] = await session.query<{ recovery: boolean; keep: string }>(
    `SELECT pg_is_in_recovery() AS recovery, (SELECT setting FROM pg_settings WHERE name = 'max_slot_wal_keep_size') AS keep`,
  );
  const megabytes = Number(row?.keep ?? -1);
  return { inRecovery: row?.recovery === true, slotKeepBytes: megabytes < 0 ? undefined : megabytes * 1024 ** 2 };
};

export type SlotState = {
  isActive: boolean;
  // Absent: the slot never reserved WAL, or has lost it.
  restart?: bigint;
  isLost: boolean;
};

export const readSlot = async (session: Session, slot: string): Promise<SlotState | undefined> => {
  const [row] = await session.query<{ active: boolean; restart: string | null; status: string | null }>(
    `SELECT active, restart_lsn::text AS restart, wal_status AS status FROM pg_replication_slots WHERE slot_name = $1 AND slot_type = 'physical'`,
    [slot],
  );
  return row === undefined
    ? undefined
    : { isActive: row.active, isLost: row.status === 'lost', ...(row.restart === null ? {} : { restart: lsnBytes(row.restart) }) };
};

export type Sample = {
  // Every commit answered before this time, by the server's clock, ends at or before `lsn`.
  timeMilliseconds: number;
  lsn: bigint;
  // WAL that the slot keeps on the server.
  retainedBytes?: bigint;
  // The server waits for us when it commits, or may come to.
  isSynchronous: boolean;
};

// The clock first, then the place: that of insertion, since a commit with synchronous_commit = off is answered before it is flushed. A standby knows commits by their replay; the newest one it has replayed is what it can vouch for.
const sampleQuestion = `
  SELECT CASE WHEN pg_is_in_recovery() THEN extract(epoch FROM pg_last_xact_replay_timestamp()) ELSE extract(epoch FROM clock_timestamp()) END::float8 AS seconds,
         (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text AS lsn,
         (SELECT restart_lsn::text FROM pg_replication_slots WHERE slot_name = $1) AS restart,
         (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size') AS "segmentBytes",
         current_setting('synchronous_standby_names') AS names`;

type Answer = { seconds: number | null; lsn: string | null; restart: string | null; segmentBytes: number; names: string };

export const takeSample = async (session: Session, slot: string): Promise<Sample | undefined> => {
  const [row] = await session.query<Answer>(sampleQuestion, [slot]);
  if (row?.seconds == null || row.lsn === null) {
    return undefined;
  }
  const lsn = recordEnd(lsnBytes(row.lsn), row.segmentBytes);
  return {
    timeMilliseconds: Math.floor(row.seconds * 1000),
    lsn,
    isSynchronous: mayBeSynchronous(row.names, applicationName),
    ...(row.restart === null ? {} : { retainedBytes: lsn - lsnBytes(row.restart) }),
  };
};

// At the beginning of a page the next record comes behind the page's header. The last one ended before it, and nothing more will be flushed while the
// server is idle. No record can end just behind a header: what continues on a page has at least 8 bytes there.
const pageBytes = 8192n;
const headerBytes = 24n;
const segmentHeaderBytes = 40n;
export const recordEnd = (lsn: bigint, segmentBytes: number): bigint => {
  const header = lsn % BigInt(segmentBytes) === segmentHeaderBytes ? segmentHeaderBytes : headerBytes;
  return lsn % pageBytes === header ? lsn - header : lsn;
};
