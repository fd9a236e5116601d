// What a server says of itself, asked before anything is started. One question for all that any role may know.
import type { Session } from './client.ts';

export type ServerFacts = {
  major: number;
  // Such as `17.11`.
  version: string;
  user: string;
  // Whether the role may replicate.
  mayReplicate: boolean;
  walLevel: string;
  walSegmentBytes: number;
  dataChecksums: boolean;
  // Undefined: the server is too old to know of it.
  summarizesWal?: boolean;
  systemIdentifier: string;
  maxWalSenders: number;
  usedWalSenders: number;
  maxSlots: number;
  usedSlots: number;
  // Tablespaces besides the two that every server has.
  tablespaces: string[];
  // Bytes of the databases whose size the role may ask for.
  databaseBytes: number;
  // Versions of the libraries that sort text, where they are known.
  libc?: string;
  icu?: string;
};

const question = `
  SELECT current_setting('server_version_num')::int / 10000 AS major,
         split_part(current_setting('server_version'), ' ', 1) AS version,
         current_user::text AS "user",
         (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user) AS "mayReplicate",
         current_setting('wal_level') AS "walLevel",
         (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size')::float8 AS "walSegmentBytes",
         current_setting('data_checksums') = 'on' AS "dataChecksums",
         current_setting('summarize_wal', true) = 'on' AS "summarizesWal",
         (SELECT system_identifier::text FROM pg_control_system()) AS "systemIdentifier",
         current_setting('max_wal_senders')::int AS "maxWalSenders",
         (SELECT count(*)::int FROM pg_stat_replication) AS "usedWalSenders",
         current_setting('max_replication_slots')::int AS "maxSlots",
         (SELECT count(*)::int FROM pg_replication_slots) AS "usedSlots",
         ARRAY(SELECT spcname::text FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY 1) AS tablespaces,
         (SELECT coalesce(sum(pg_database_size(oid)), 0)::float8 FROM pg_database
          WHERE has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')) AS "databaseBytes",
         (SELECT max(collversion) FROM pg_collation WHERE collprovider = 'c') AS libc,
         (SELECT max(collversion) FROM pg_collation WHERE collprovider = 'i') AS icu`;

type Answer = Omit<ServerFacts, 'libc' | 'icu' | 'summarizesWal'> & {
  libc: string | null;
  icu: string | null;
  summarizesWal: boolean | null;
};

export const readServerFacts = async (session: Session): Promise<ServerFacts> => {
  const [answer] = await session.query<Answer>(question);
  if (answer === undefined) {
    throw new TypeError('the server gave no row');
  }
  const { libc, icu, summarizesWal, ...facts } = answer;
  return {
    ...facts,
    ...(summarizesWal === null ? {} : { summarizesWal }),
    ...(libc === null ? {} : { libc }),
    ...(icu === null ? {} : { icu }),
  };
};
