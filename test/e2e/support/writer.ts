// Writes to the shop's database one commit at a time, and notes after each commit where the WAL ends and what time it is.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { clusterDirectory } from './demo.ts';
import { inPostgres, shopSql } from './sql.ts';
import { until } from './until.ts';

// `lsn` is at or behind the end of the commit; at `time` (microseconds, the server's clock) the commit had been acknowledged.
export type Commit = { id: number; lsn: string; time: number };

export type Writer = { commits: () => Commit[]; stop: () => Promise<void> };

const work = `
  SET application_name = 'e2e-writer';
  DO $$ DECLARE n bigint := 0; BEGIN
    LOOP
      n := n + 1;
      INSERT INTO e2e_commits VALUES (n, clock_timestamp());
      COMMIT;
      RAISE NOTICE 'commit % % %', n, pg_current_wal_insert_lsn(), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
      PERFORM pg_sleep(0.02);
    END LOOP;
  END $$;`;

export const startWriter = async (): Promise<Writer> => {
  await dropCommits();
  await shopSql('CREATE TABLE e2e_commits (id bigint PRIMARY KEY, written_at timestamptz NOT NULL)');
  const seen: Commit[] = [];
  const child = spawn(
    join(clusterDirectory, 'bin/kubectl'),
    [...inPostgres, 'psql', '--no-psqlrc', '--host=/tmp', '--username=postgres', '--dbname=shop', '--file=-'],
    { env: { ...process.env, KUBECONFIG: join(clusterDirectory, 'kubeconfig') } },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.stdin.on('error', () => undefined);
  child.stdin.end(work);
  createInterface({ input: child.stderr }).on('line', (line) => {
    const [, id, lsn, time] = /commit (\d+) ([0-9A-F]+\/[0-9A-F]+) (\d+)/.exec(line) ?? [];
    if (id !== undefined && lsn !== undefined) {
      seen.push({ id: Number(id), lsn, time: Number(time) });
    }
  });
  await until('the first commit of the writer', 30, () => Promise.resolve(seen.length > 0));
  return {
    commits: () => [...seen],
    async stop() {
      await stopWriters();
      await ended;
    },
  };
};

const stopWriters = (): Promise<string> =>
  shopSql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'e2e-writer'");

export const dropCommits = async (): Promise<void> => {
  await stopWriters();
  await shopSql('DROP TABLE IF EXISTS e2e_commits');
};
