// The logical copy of one database: pg_dump in its custom format, of one exported snapshot.
import type { Readable } from 'node:stream';
import type { PostgresqlSource } from '../../../api/agent.ts';
import type { StreamedArtifact } from '../../engine.ts';
import { afterwards } from '../afterwards.ts';
import type { DatabaseFacts } from '../database-facts.ts';
import type { ServerFacts } from '../server-facts.ts';
import { feed } from '../feed.ts';
import { startTool } from '../tool.ts';
import { connectionString } from '../tool-environment.ts';
import { countRows } from './row-facts.ts';
import type { TableFacts } from './row-facts.ts';
import { openSnapshot } from './snapshot.ts';
import { compareRows, countingScript, readCounts } from './stored-rows.ts';

export type DumpFacts = { database: string; artifact: string; snapshotTime: string; tables: TableFacts[]; extensions: string[] };

type DatabaseDumpOptions = {
  source: PostgresqlSource;
  environment: Record<string, string>;
  database: DatabaseFacts;
  server: ServerFacts;
  // Told what the dump holds once it was read back.
  onFacts: (facts: DumpFacts) => void;
};

// pg_dump compresses its data itself, which is faster than piping plain text. The outer frame only makes it a zstd stream as every artifact is.
const dumpScript = `pg_dump --format=custom --compress="$2" --snapshot="$3" --lock-wait-timeout=60s --no-password --dbname="$1" | zstd -q "$4"`;
const readBackScript = `zstd -dcq | pg_restore --data-only --file=- | ${countingScript}`;

// Names of databases may hold anything; names of objects may not.
export const dumpName = (database: string): string => `${encodeURIComponent(database).replaceAll(/[!'()*~]/g, escaped)}.dump`;
const escaped = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

export const databaseDump = (options: DatabaseDumpOptions): StreamedArtifact => {
  const { source, database } = options;
  let seen: { time: Date; tables: TableFacts[] } | undefined;
  return {
    name: dumpName(database.name),
    async open(signal) {
      const snapshot = await openSnapshot(source, database.name);
      try {
        const { stdin, stdout, ended } = startDump(options, snapshot.id, signal);
        stdin.end();
        const work = async (): Promise<void> => {
          const [tables] = await Promise.all([countRows(snapshot.session, signal), ended]);
          seen = { time: snapshot.time, tables };
        };
        return { stream: stdout, ended: afterwards(work(), () => snapshot.session.end()) };
      } catch (error) {
        await snapshot.session.end();
        throw error;
      }
    },
    async readBack(stream: Readable, signal) {
      const tool = startTool({
        script: readBackScript,
        signal,
        failure: { code: 'VerificationFailed', what: `Reading the stored dump of the database "${database.name}" back`, retryable: true },
      });
      const [, stored] = await Promise.all([feed(stream, tool), readCounts(tool.stdout), tool.ended]);
      const tables = compareRows(database.name, seen?.tables ?? [], stored);
      options.onFacts({
        database: database.name,
        artifact: dumpName(database.name),
        snapshotTime: (seen?.time ?? new Date(0)).toISOString(),
        tables,
        extensions: database.extensions,
      });
      return { derived: [] };
    },
  };
};

// A server that waits for a lock does not notice by itself that pg_dump was ended.
const noticeWhenGone = { PGOPTIONS: '-c client_connection_check_interval=2s' };

const startDump = ({ environment, database, server }: DatabaseDumpOptions, snapshot: string, signal: AbortSignal) => {
  const compresses = server.major >= 16;
  return startTool({
    script: dumpScript,
    parameters: [connectionString(database.name), compresses ? 'zstd:3' : '0', snapshot, compresses ? '-1' : '-3'],
    environment: { ...environment, ...(server.major >= 14 ? noticeWhenGone : {}) },
    signal,
    failure: { code: 'SourceFailed', what: `pg_dump of the database "${database.name}"`, retryable: true },
  });
};
