// Whether a chain may go on: what happened to the server since the parent. Each check is a fact with its words; the first that applies answers. Pure.
import { lsnBytes, lsnText } from '../../../api/lsn.ts';
import type { WholeCopy } from '../../../api/backup-type.ts';
import type { Parent } from '../../engine.ts';
import type { ServerFacts } from '../server-facts.ts';

export const firstMajor = 17;

// WAL summaries from the parent on, in their order, up to where the server has written them, and how far it has read for the one that it is at.
export type Summaries = { upto: bigint; pending: bigint; ranges: readonly { start: bigint; end: bigint }[] };

export type IncrementFacts = {
  server: ServerFacts;
  // Of the server, now.
  timeline?: number;
  lsn?: bigint;
  parent: Parent;
  // Absent: not asked yet.
  summaries?: Summaries;
};

type Check = (facts: IncrementFacts) => WholeCopy | undefined;

const serverTooOld: Check = ({ server }) =>
  server.major >= firstMajor
    ? undefined
    : {
        reason: 'ServerTooOld',
        message: `PostgreSQL ${server.version} makes no increments; that begins with ${firstMajor}. Leave the schedules of increments out; walArchive keeps what changes between two Fulls.`,
      };

const summariesOff: Check = ({ server }) =>
  server.summarizesWal === true
    ? undefined
    : {
        reason: 'SummariesOff',
        message: 'summarize_wal is off on the server. Run: ALTER SYSTEM SET summarize_wal = on; SELECT pg_reload_conf();',
      };

const listMissing: Check = ({ parent }) =>
  parent.state.has('backup_manifest') && parent.facts.postgresql?.startLsn !== undefined && parent.facts.postgresql.timeline !== undefined
    ? undefined
    : { reason: 'ParentUnreadable', message: `${parent.backupId} holds no physical copy to build on.` };

const serverChanged: Check = ({ server, parent }) => {
  const before = parent.facts.postgresql?.systemIdentifier;
  const major = Number.parseInt(parent.facts.versions['postgresql'] ?? '', 10);
  return before === server.systemIdentifier && major === server.major
    ? undefined
    : { reason: 'ServerChanged', message: `${parent.backupId} is of another server (system identifier ${before}, PostgreSQL ${major}).` };
};

const timelineChanged: Check = ({ timeline, parent }) => {
  const before = parent.facts.postgresql?.timeline;
  return before === timeline
    ? undefined
    : {
        reason: 'TimelineChanged',
        message: `The server is on timeline ${timeline}, ${parent.backupId} on ${before}: it was promoted since.`,
      };
};

// A server that was set back on its own timeline, as by a snapshot of its volume. PostgreSQL compares timelines and places, and takes another history for its own.
const setBackBehind: Check = ({ lsn, parent }) => {
  const stop = parent.facts.postgresql?.stopLsn;
  return lsn === undefined || stop === undefined || lsn >= lsnBytes(stop)
    ? undefined
    : {
        reason: 'HistoryChanged',
        message: `The server is at ${lsnText(lsn)}, and ${parent.backupId} ends at ${stop}: it was set back, or it is a standby that has not come there yet.`,
      };
};

const checksumsChanged: Check = ({ server, parent }) =>
  parent.facts.postgresql?.dataChecksums === server.dataChecksums
    ? undefined
    : {
        reason: 'ChecksumsChanged',
        message: `Data checksums were switched ${server.dataChecksums ? 'on' : 'off'} since ${parent.backupId}.`,
      };

// A summary ends where a checkpoint begins, and a backup begins with one. A summary that goes on over the parent's beginning is of a history in which there
// was no such checkpoint: not the parent's.
const otherHistory: Check = ({ parent, summaries }) => {
  const start = startOf(parent);
  const isOver =
    summaries !== undefined &&
    (summaries.ranges.some((range) => range.start < start && range.end > start) || (summaries.upto < start && summaries.pending > start));
  return isOver
    ? {
        reason: 'HistoryChanged',
        message: `${parent.backupId} begins at a checkpoint at ${lsnText(start)}, and the server knows of none there: it was set back to before that backup, and has another history since.`,
      }
    : undefined;
};

const startOf = ({ facts }: Parent): bigint => lsnBytes(facts.postgresql?.startLsn ?? '0/0');

// From the parent's start on every byte of WAL must have been summarized; what comes after the last summary, the server still does.
const summariesMissing: Check = ({ parent, summaries }) => {
  if (summaries === undefined) {
    return undefined;
  }
  let at = startOf(parent);
  for (const { start, end } of summaries.ranges) {
    if (start > at) {
      break;
    }
    at = end > at ? end : at;
  }
  // Before the parent's beginning was reached nobody could tell whether it is the parent's history.
  return at >= summaries.upto && summaries.upto >= startOf(parent)
    ? undefined
    : {
        reason: 'SummariesMissing',
        message: `The server has no WAL summaries from ${lsnText(at)} on, which an increment on ${parent.backupId} needs: they were removed, or not made for a while. Raise wal_summary_keep_time where increments come further apart.`,
      };
};

const checks: readonly Check[] = [
  serverTooOld,
  summariesOff,
  listMissing,
  serverChanged,
  timelineChanged,
  setBackBehind,
  checksumsChanged,
  otherHistory,
  summariesMissing,
];

// Why the next copy must be whole. Undefined: it need not be.
export const whyWhole = (facts: IncrementFacts): WholeCopy | undefined => {
  for (const check of checks) {
    const found = check(facts);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
};
