// Increments of a real PostgreSQL 17 applied in place. pg_combinebackup is the oracle.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { joinInto } from '../../src/engines/postgresql/incremental/join-increments.ts';
import { applyTo, combine, differences, extract, takeCopy, walSegmentBytes } from './increment-chain.ts';
import type { Copy } from './increment-chain.ts';
import { makeCluster, startServer } from './postgres-server.ts';
import type { PostgresServer } from './postgres-server.ts';
import { chanceOf, liveOn } from './random-history.ts';
import type { History } from './random-history.ts';
import { giveToServer, runProgram, serverUid, toolboxPath } from './toolbox.ts';

let directory: string;
let server: PostgresServer;

test.before(async () => {
  process.env['PATH'] = toolboxPath();
  directory = await mkdtemp('/tmp/hf-inc-');
  await giveToServer(directory);
  await makeCluster(join(directory, 'data'), ['--wal-segsize=1', '--no-sync']);
  server = await startServer({
    dataDirectory: join(directory, 'data'),
    socketDirectory: join(directory, 's'),
    settings: { fsync: 'off', summarize_wal: 'on', autovacuum: 'off', max_wal_size: '64MB', min_wal_size: '2MB' },
  });
});

test.after.always(async () => {
  await server?.stop('immediate');
  await rm(directory, { recursive: true, force: true });
});

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const rounds = Number(process.env['ROUNDS'] ?? 10);

// Each round is one more increment. The oracle joins the last few of them in one go, onto what it made before.
test.serial(`random histories: what is applied in place equals what pg_combinebackup makes (SEED=${seed})`, async (t) => {
  t.timeout(60_000 + rounds * 30_000);
  const chance = chanceOf(seed);
  const history: History = { server, chance, tables: [], databases: [], count: 0 };
  const folder = join(directory, 'histories');
  const inPlace = join(folder, 'in-place');
  let parent: Copy | undefined;
  let chain: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (parent === undefined || chance.number(12) === 0) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
      await liveOn(history);
      parent = await takeCopy(server, folder, 'whole');
      chain = [parent.directory];
      await extract(parent.archive, inPlace);
    }
    await liveOn(history);
    parent = await takeCopy(server, folder, `increment-${round}`, parent);
    chain.push(parent.directory);
    const [applied] = await applyTo(inPlace, [parent.archive]);
    t.true(applied !== undefined && applied.patched > 500);
    const combined = join(folder, `combined-${round}`);
    await combine(chain, combined);
    t.deepEqual(await differences(inPlace, combined), [], `round ${round}`);
    await runProgram('pg_verifybackup', ['--quiet', inPlace]);
    await rm(parent.archive);
    if (chance.number(3) === 0) {
      chain = [combined];
    } else {
      await rm(combined, { recursive: true });
    }
  }
  await sameRows(t, history, inPlace);
});

test.serial('no server starts on a directory to which an increment was applied in part', async (t) => {
  const folder = join(directory, 'half');
  await mkdir(folder);
  const whole = await takeCopy(server, folder, 'whole');
  const increment = await takeCopy(server, folder, 'increment', whole);
  const content = await readFile(increment.archive);
  const half = content.subarray(0, content.length / 3);
  await t.throwsAsync(joinInto(whole.directory, { walSegmentBytes, durable: false }).apply(Readable.from([half])), {
    message: /breaks off/,
  });
  await giveAllToServer(whole.directory);
  await t.throwsAsync(startServer({ dataDirectory: whole.directory, socketDirectory: join(directory, 'h') }), {
    message: /this is an incremental backup, not a data directory/,
  });
});

const giveAllToServer = (path: string) => promisify(execFile)('chown', ['--recursive', `${serverUid}:${serverUid}`, path]);

// A server starts on what was put together, and has what the other has.
const sameRows = async (t: ExecutionContext, history: History, dataDirectory: string): Promise<void> => {
  await giveAllToServer(dataDirectory);
  const restored = await startServer({ dataDirectory, socketDirectory: join(directory, 'r'), settings: { fsync: 'off' } });
  try {
    const question = `SELECT datname::text AS name FROM pg_database ORDER BY 1`;
    t.deepEqual(await restored.query(question), await history.server.query(question));
    for (const table of history.tables) {
      // An unlogged table comes back empty.
      const rows = `SELECT c.relpersistence::text AS kept, (SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM ${table} AS t) AS digest
                    FROM pg_class AS c WHERE c.oid = '${table}'::regclass AND c.relpersistence <> 'u'`;
      t.deepEqual(await restored.query(rows), await history.server.query(rows), table);
    }
  } finally {
    await restored.stop('immediate');
  }
};
