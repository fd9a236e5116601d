// A server brought back from the state before the first commit and the archive alone, by PostgreSQL's own recovery.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { segmentNames, timelineName } from '../../src/api/lsn.ts';
import { segmentReader } from '../../src/archive/wal/read-segment.ts';
import { joinRanges } from '../../src/core/wal/objects.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { startServer } from '../engines/postgres-server.ts';
import type { Fixture } from '../engines/server-fixture.ts';
import { giveToServer } from '../engines/toolbox.ts';
import { lineage } from './archive-check.ts';
import type { WalPolicy } from './receiver-run.ts';

let count = 0;
// A soak leaves gigabytes of WAL to replay.
const recoverySeconds = 600;

// Writes every segment and history file of the newest lineage to a folder, as a restore_command would get them.
const unpackWal = async (policy: WalPolicy, tier: string, folder: string): Promise<void> => {
  await mkdir(folder);
  const found = await lineage(policy, tier);
  const { segmentBytes } = found.document;
  const store = await policy.store(tier);
  const reader = segmentReader(store, found, [policy.identity]);
  for (const { timeline, objects } of found.timelines) {
    for (const { from, to } of joinRanges(objects)) {
      for (const name of segmentNames(timeline, from, to, segmentBytes)) {
        const end = reader.stored(name);
        const upTo =
          from - (from % BigInt(segmentBytes)) + BigInt(segmentNames(timeline, from, to, segmentBytes).indexOf(name) * segmentBytes + end);
        await reader.write(name, join(folder, name), { upTo });
        await giveToServer(join(folder, name));
      }
    }
  }
  for (const { timeline, file } of found.histories.values()) {
    await writeFile(join(folder, `${timelineName(timeline)}.history`), await store.get(file.key, 1024 ** 2));
  }
  await store.close();
};

// `base`: a data directory of a server that was stopped before the archive began.
export const recoverFrom = async (fixture: Fixture, policy: WalPolicy, base: string, tier = 'local'): Promise<PostgresServer> => {
  count += 1;
  const directory = join(fixture.directory, `recovered-${count}`);
  const wal = `${directory}-wal`;
  await promisify(execFile)('cp', ['--archive', base, directory]);
  await unpackWal(policy, tier, wal);
  await writeFile(join(directory, 'recovery.signal'), '');
  await giveToServer(join(directory, 'recovery.signal'));
  const server = await startServer({
    dataDirectory: directory,
    socketDirectory: join(fixture.directory, `r${count}`),
    settings: { ssl: 'off', fsync: 'off', restore_command: `cp ${wal}/%f %p`, recovery_target_timeline: 'latest' },
    hba: [],
  });
  for (const end = Date.now() + recoverySeconds * 1000; Date.now() < end;) {
    const [row] = await server.query<{ recovery: boolean }>('SELECT pg_is_in_recovery() AS recovery');
    if (row?.recovery === false) {
      return server;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('recovery does not end');
};
