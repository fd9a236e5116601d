// Whether a chain may go on: what happened to the server since the parent. Each check is a fact with its words; the first that applies answers. Pure.
import { lsnBytes, lsnText } from '../../../api/lsn.ts';
import type { WholeCopy } from '../../../api/backup-type.ts';
import type { Parent } from '../../engine.ts';
import type { ServerFacts } from '../server-facts.ts';

export const firstMajor = 17;

// WAL summaries from the parent on, in their order, and up to where the server has summarized.
export type Summaries = { upto: bigint; ranges: readonly { start: bigint; end: bigint }[] };

export type IncrementFacts = {
  server: ServerFacts;
  // Of the server, now.
  timeline?: number;
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

const checksumsChanged: Check = ({ server, parent }) =>
  parent.facts.postgresql?.dataChecksums === server.dataChecksums
    ? undefined
    : {
        reason: 'ChecksumsChanged',
        message: `Data checksums were switched ${server.dataChecksums ? 'on' : 'off'} since ${parent.backupId}.`,
      };

// From the parent's start on every byte of WAL must have been summarized; what comes after the last summary, the server still does.
const summariesMissing: Check = ({ parent, summaries }) => {
  if (summaries === undefined) {
    return undefined;
  }
  let at = lsnBytes(parent.facts.postgresql?.startLsn ?? '0/0');
  for (const { start, end } of summaries.ranges) {
    if (start > at) {
      break;
    }
    at = end > at ? end : at;
  }
  return at >= summaries.upto
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
  checksumsChanged,
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
