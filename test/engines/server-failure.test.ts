// What goes wrong while a real server is being dumped, and what is stored wrongly: each is a failure with its name, and nothing is left behind.
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import test from 'ava';
import { Client } from 'pg';
import type { ExecutionContext } from 'ava';
import type { PostgresqlSource } from '../../src/api/agent.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import { EngineError } from '../../src/engines/engine.ts';
import type { StreamedArtifact } from '../../src/engines/engine.ts';
import { postgresqlEngine } from '../../src/engines/postgresql/engine.ts';
import { startTool } from '../../src/engines/postgresql/tool.ts';
import { filesIn, makeRepository, runDump, silent } from './agent-run.ts';
import type { Repository } from './agent-run.ts';
import type { PostgresServer } from './postgres-server.ts';
import { makeFixture } from './server-fixture.ts';
import type { Fixture } from './server-fixture.ts';
import { spyOnChildren } from './spy.ts';

let fixture: Fixture;
let server: PostgresServer;
let count = 0;

const noSignal = new AbortController().signal;

// Bytes that compress badly, so that a dump takes a while.
const manyRows = 8000;
const bulk = (rows: number): string =>
  `CREATE TABLE bulk AS SELECT n AS id, (SELECT string_agg(md5(n::text || k), '') FROM generate_series(1, 200) AS k) AS body FROM generate_series(1, ${rows}) AS n`;

const startWithData = async (name: string, bulkRows: number): Promise<PostgresServer> => {
  const started = await fixture.start(name);
  await started.query('CREATE DATABASE shop');
  await started.query(bulk(bulkRows), 'shop');
  await started.query(
    'CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id; CREATE TABLE last AS SELECT generate_series(1, 10) AS id',
    'shop',
  );
  return started;
};

test.before(async () => {
  fixture = await makeFixture();
  server = await startWithData('main', manyRows);
});

test.after.always(() => fixture.stop());

const freshRepository = (): Promise<Repository> => {
  count += 1;
  return makeRepository(join(fixture.directory, `repository-${count}`));
};

const onlyPhysical = async (from: PostgresServer): Promise<PostgresqlSource> => {
  const source = await fixture.source(from);
  return { ...source, logical: { ...source.logical, enabled: false } };
};

const onlyLogical = async (from: PostgresServer): Promise<PostgresqlSource> => {
  const source = await fixture.source(from);
  return { ...source, physical: false, logical: { ...source.logical, databases: ['shop'], globals: false } };
};

// A server looks whether its client is still there every other second.
const leftAfterAWhile = async (from: PostgresServer): Promise<unknown[]> => {
  for (let tries = 1; ; tries += 1) {
    const left = await from.query(`SELECT slot_name AS left FROM pg_replication_slots
      UNION ALL SELECT query FROM pg_stat_activity WHERE application_name = 'holdfast'`);
    if (left.length === 0 || tries === 60) {
      return left;
    }
    await pause(100);
  }
};

// A failed attempt leaves no object of data, no temporary file, no connection, no slot, and no process.
const nothingIsLeft = async (t: ExecutionContext, repository: Repository, from?: PostgresServer): Promise<void> => {
  t.deepEqual(await filesIn(join(repository.directory, 'data')), []);
  const all = await filesIn(repository.directory);
  t.deepEqual(
    all.filter((name) => !/^(holdfast\.json|writers\/|keys\/|logs\/)/.test(name)),
    [],
  );
  if (from !== undefined) {
    t.deepEqual(await leftAfterAWhile(from), []);
  }
  const spy = spyOnChildren([]);
  await pause(100);
  spy.stop();
  t.deepEqual(
    [...spy.programs].filter((program) => /^(pg_|zstd|tar)/.test(program)),
    [],
  );
};

test.serial('a server that dies in the middle of a copy: the source has failed, a later attempt may work, nothing is sealed', async (t) => {
  const victim = await startWithData('victim', manyRows);
  const repository = await freshRepository();
  let died: Promise<void> | undefined;
  const result = await runDump(repository.plan(await onlyPhysical(victim)), {
    onLine: (line) => {
      if (line.kind === 'progress') {
        died ??= victim.stop('immediate');
      }
    },
  });
  await died;
  t.deepEqual([result.outcome, result.category, result.code, result.retryable], ['Failed', 'Source', 'SourceFailed', true], result.message);
  t.regex(result.message ?? '', /pg_basebackup failed/);
  await nothingIsLeft(t, repository);
});

test.serial('a backend that is ended in the middle of a dump', async (t) => {
  const repository = await freshRepository();
  const cut = async (): Promise<number> => {
    for (;;) {
      const ended = await server.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holdfast' AND query LIKE 'COPY public.bulk%'`,
      );
      if (ended.length > 0) {
        return ended.length;
      }
      await pause(5);
    }
  };
  const [result, ended] = await Promise.all([runDump(repository.plan(await onlyLogical(server))), cut()]);
  t.is(ended, 1);
  t.deepEqual([result.outcome, result.category, result.code, result.retryable], ['Failed', 'Source', 'SourceFailed', true], result.message);
  t.regex(result.message ?? '', /pg_dump of the database "shop" failed/);
  await nothingIsLeft(t, repository, server);
});

test.serial('a snapshot whose connection is ended while it is counted', async (t) => {
  const repository = await freshRepository();
  const cut = async (): Promise<void> => {
    for (;;) {
      const ended = await server.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holdfast' AND query LIKE 'SELECT count(*)%'`,
      );
      if (ended.length > 0) {
        return;
      }
      await pause(1);
    }
  };
  const [result] = await Promise.all([runDump(repository.plan(await onlyLogical(server))), cut()]);
  t.deepEqual([result.outcome, result.retryable], ['Failed', true], result.message);
  t.is(result.category, 'Source', `${result.code}: ${result.message}`);
  await nothingIsLeft(t, repository, server);
});

test.serial('told to stop while somebody holds a lock: the server does not go on waiting for us', async (t) => {
  const repository = await freshRepository();
  const stop = new AbortController();
  const other = new Client({ host: server.socketDirectory, port: server.port, user: 'postgres', database: 'shop' });
  await other.connect();
  await other.query('BEGIN; LOCK TABLE orders');
  try {
    const stopWhenWaiting = async (): Promise<void> => {
      const waiting = `SELECT query FROM pg_stat_activity WHERE application_name = 'holdfast' AND wait_event_type = 'Lock'`;
      while ((await server.query(waiting)).length < 2) {
        await pause(20);
      }
      stop.abort(new ArchiveError('Interrupted', 'The agent was stopped from outside (SIGTERM).', { retryable: true }));
    };
    const running = runDump(repository.plan(await onlyLogical(server)), { signal: stop.signal });
    const [result] = await Promise.all([running, stopWhenWaiting()]);
    t.is(result.code, 'Interrupted', result.message);
    await nothingIsLeft(t, repository, server);
  } finally {
    await other.end();
  }
});

for (const phase of ['dump base.tar', 'dump shop.dump']) {
  test.serial(`told to stop during "${phase}": it says so, and lets go of everything`, async (t) => {
    const repository = await freshRepository();
    const stop = new AbortController();
    const source = phase === 'dump base.tar' ? await onlyPhysical(server) : await onlyLogical(server);
    const result = await runDump(repository.plan(source), {
      signal: stop.signal,
      onLine: (line) => {
        if (line.kind === 'progress' && line.phase === phase) {
          stop.abort(new ArchiveError('Interrupted', 'The agent was stopped from outside (SIGTERM).', { retryable: true }));
        }
      },
    });
    t.deepEqual([result.outcome, result.category, result.code, result.retryable], ['Failed', 'Interrupted', 'Interrupted', true]);
    await nothingIsLeft(t, repository, server);
  });
}

// One artifact of a fresh run, and its stream as it is stored: a file of zstd.
const takeArtifact = async (
  source: PostgresqlSource,
  name: string,
): Promise<{ artifact: StreamedArtifact; file: string; done: () => Promise<void> }> => {
  const engine = postgresqlEngine(source, { log: silent });
  await engine.preflight(noSignal);
  const artifacts = engine.artifacts(noSignal)[Symbol.asyncIterator]();
  const artifact = (await artifacts.next()).value as StreamedArtifact;
  const { stream, ended } = await artifact.open(noSignal);
  count += 1;
  const folder = join(fixture.directory, `taken-${count}`);
  await mkdir(folder);
  const file = join(folder, name);
  await writeFile(file, await buffer(stream));
  await ended;
  const done = async (): Promise<void> => {
    await artifacts.return?.(undefined);
    await engine.close();
  };
  return { artifact, file, done };
};

const shell = async (script: string, ...parameters: string[]): Promise<void> => {
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script, 'forge', ...parameters]);
};

test('the shell of a tool reads no file of the user: what that prints would stand in the backup', async (t) => {
  const home = join(fixture.directory, 'home');
  await mkdir(home);
  await writeFile(join(home, '.bashrc'), 'echo from the rc file\n');
  const { stdout, ended } = startTool({
    script: 'echo from the script',
    environment: { HOME: home },
    signal: noSignal,
    failure: { code: 'SourceFailed', what: 'echo', retryable: false },
  });
  t.is((await buffer(stdout)).toString(), 'from the script\n');
  await ended;
});

const verdictOf = async (artifact: StreamedArtifact, file: string): Promise<string> => {
  try {
    await artifact.readBack(createReadStream(file), noSignal);
    return 'Passed';
  } catch (error) {
    if (error instanceof EngineError) {
      return `${error.code}: ${error.message}`;
    }
    throw error;
  }
};

test.serial('a stored dump with fewer rows than its snapshot, or none of a table, or cut short, is refused', async (t) => {
  const small = await startWithData('small', 10);
  const dumpOf = async (database: string): Promise<PostgresqlSource> => {
    const source = await onlyLogical(small);
    return { ...source, logical: { ...source.logical, databases: [database] } };
  };
  const { artifact, file, done } = await takeArtifact(await dumpOf('shop'), 'whole');
  try {
    await small.query('CREATE DATABASE other TEMPLATE shop');
    await small.query('DELETE FROM orders WHERE id = 500', 'other');
    const fewer = await takeArtifact(await dumpOf('other'), 'fewer');
    await fewer.done();
    await small.query('INSERT INTO orders VALUES (500); DROP TABLE last', 'other');
    const lacking = await takeArtifact(await dumpOf('other'), 'lacking');
    await lacking.done();
    await shell('size=$(zstd -dcq "$1" | wc -c); zstd -dcq "$1" | head -c $((size / 2)) | zstd -q >"$2"', file, `${file}.cut`).catch(
      () => undefined,
    );
    await shell('head -c $(($(stat -c %s "$1") / 2)) "$1" >"$2"', file, `${file}.torn`);

    t.regex(await verdictOf(artifact, fewer.file), /^VerificationFailed: .* one has 999 rows for 1000/);
    t.regex(await verdictOf(artifact, lacking.file), /^VerificationFailed: .* one has 0 rows for 10\./);
    t.regex(await verdictOf(artifact, `${file}.cut`), /^VerificationFailed: /);
    t.regex(await verdictOf(artifact, `${file}.torn`), /^VerificationFailed: /);
    t.is(await verdictOf(artifact, file), 'Passed');
  } finally {
    await done();
  }
});

test.serial('a stored copy with too few files, too many, of another size, without WAL, or cut short, is refused', async (t) => {
  const { artifact, file, done } = await takeArtifact(await onlyPhysical(await fixture.start('tiny')), 'whole');
  const unpacked = `${file}.d`;
  await shell('mkdir "$1"; zstd -dcq "$2" | tar -x -C "$1"', unpacked, file);
  // Packs it again with something changed, which is put right afterwards.
  const forge = async (name: string, change: string, parameters = '', undo = ':'): Promise<string> => {
    const path = `${file}.${name}`;
    await shell(`cd "$2"; ${change}; tar -c ${parameters} -- * | zstd -q >"$1"; ${undo}`, path, unpacked);
    return path;
  };
  try {
    const keep = 'cp backup_manifest ../kept';
    const editSize = `sed -i '0,/"Size": 8192,/s//"Size": 8193,/' backup_manifest`;
    const forged: [string, RegExp][] = [
      [await forge('lacking', ':', '--exclude=base/1/1259'), /lacks files: base\/1\/1259/],
      [await forge('extra', 'touch base/evil', '', 'rm base/evil'), /has files that nobody copied: base\/evil/],
      [await forge('walless', ':', "--exclude='pg_wal/0*'"), /lacks WAL segments/],
      [await forge('manifestless', ':', '--exclude=backup_manifest'), /backup_manifest/],
      [await forge('edited', `${keep}; ${editSize}`, '', 'cp ../kept backup_manifest'), /does not fit its own checksum/],
      [await forge('short', 'truncate -s -8192 base/1/1259'), /has files of another size: base\/1\/1259/],
    ];
    await shell('zstd -dcq "$1" | head -c 20M | zstd -q >"$2"', file, `${file}.cut`).catch(() => undefined);
    forged.push([`${file}.cut`, /./]);
    for (const [path, says] of forged) {
      const verdict = await verdictOf(artifact, path);
      t.true(verdict.startsWith('VerificationFailed: ') && says.test(verdict), `${path}: ${verdict}`);
    }
    t.is(await verdictOf(artifact, file), 'Passed');
  } finally {
    await done();
  }
});
