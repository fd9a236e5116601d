// The restore_command as PostgreSQL runs it: what it does when a file is there, is not there yet, does not exist, or cannot be had. And what is made of where redo ended.
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import type { Replay } from '../../src/core/recovery/replay.ts';
import { checkRedoEnd } from '../../src/archive/recovery/replay/redo-end.ts';
import type { Lineage } from '../../src/archive/wal/read-lineage.ts';
import type { SegmentReader } from '../../src/archive/wal/read-segment.ts';
import { localServer } from '../../src/engines/postgresql/recovery/local-server.ts';
import { replay as runReplay } from '../../src/engines/postgresql/recovery/replay-server.ts';
import { makeSpool, restoreCommand } from '../../src/engines/postgresql/recovery/restore-command.ts';
import { runToEnd } from '../run-to-end.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const make = () => makeSpool(join(temporaryFolder("it's a spool"), 'spool'), process.pid);

const ask = (command: string, name: string, into: string) =>
  runToEnd('sh', ['-c', command.replaceAll('%f', name).replaceAll('%p', into)], {
    environment: { PATH: process.env['PATH'] },
    directory: '/',
  });

test('a file that comes later is waited for, and moved to where the server wants it', async (t) => {
  const spool = await make();
  const into = join(spool.directory, 'RECOVERYXLOG');
  const asked = ask(restoreCommand(spool), '000000010000000000000003', into);
  await pause(300);
  t.true(existsSync(join(spool.wanted, '000000010000000000000003')));
  t.false(existsSync(into));
  await writeFile(join(spool.directory, 'part'), 'segment');
  await rename(join(spool.directory, 'part'), join(spool.ready, '000000010000000000000003'));
  t.is((await asked).code, 0);
  t.is(await readFile(into, 'utf8'), 'segment');
  t.false(existsSync(join(spool.wanted, '000000010000000000000003')));
});

test('1 only where it is proven that the file does not exist; 200 for all other trouble, at which the server stops', async (t) => {
  const spool = await make();
  const into = join(spool.directory, 'to');
  await writeFile(join(spool.absent, '00000002.history'), '');
  t.is((await ask(restoreCommand(spool), '00000002.history', into)).code, 1);
  // Said once; asked again, it must be proven again.
  const again = ask(restoreCommand(spool), '00000002.history', into);
  await pause(200);
  await writeFile(spool.failed, '');
  t.is((await again).code, 200);
  t.is((await ask(restoreCommand(spool), 'any', into)).code, 200);
  const other = await make();
  await writeFile(join(other.ready, 'x'), 'y');
  t.is((await ask(restoreCommand(other), 'x', join(other.directory, 'no/such/folder'))).code, 200);
  const gone = await make();
  await rename(gone.wanted, `${gone.wanted}.away`);
  t.is((await ask(restoreCommand(gone), 'x', into)).code, 200);
  // A shell that cannot read its script ends with 2, and one that cannot parse it, too.
  await writeFile(other.script, 'if then');
  t.is((await ask(restoreCommand(other), 'x', into)).code, 200);
  await rename(other.script, `${other.script}.away`);
  t.is((await ask(restoreCommand(other), 'x', into)).code, 200);
});

test('where the one that fills the spool is gone it is not waited for ever', async (t) => {
  const spool = await make();
  const script = await readFile(spool.script, 'utf8');
  await writeFile(spool.script, script.replaceAll(`/proc/${process.pid}`, '/proc/999999999'));
  t.is((await ask(restoreCommand(spool), 'x', join(spool.directory, 'to'))).code, 200);
});

const segmentBytes = 16 * 1024 ** 2;
const segmentStart = BigInt(3 * segmentBytes);

// WAL up to `to`, with the length of a record at `end`.
const redoCase = (end: bigint, to: bigint, recordBytes: number, atLeast = to) => {
  const content = Buffer.alloc(segmentBytes);
  content.writeUInt32LE(recordBytes, Number(end - segmentStart) + (end % 8192n === 0n ? 24 : 0));
  const reader: Pick<SegmentReader, 'read'> = {
    async *read() {
      yield content.subarray(0, 1000);
      yield content.subarray(1000);
    },
  };
  const replay: Replay = { lineageId: 'l', timeline: 1, steps: [], to, target: { kind: 'end' }, atLeast, endIsPoint: true };
  return checkRedoEnd(replay, end, { document: { segmentBytes } } as Lineage, reader);
};

test('redo that ended before what was planned fails, unless the record there is not stored whole', async (t) => {
  const end = segmentStart + 5000n;
  const to = end + 100n;
  await t.notThrowsAsync(redoCase(to, to, 0));
  await t.notThrowsAsync(redoCase(end, to, 500, end));
  // 500 bytes long, and 100 of them are there: nobody was told that it is.
  await t.notThrowsAsync(redoCase(end, to, 500));
  await t.notThrowsAsync(redoCase(segmentStart + 8192n, segmentStart + 8192n + 60n, 500));
  // A record that is there whole and was not replayed; nothing at all where something was planned.
  await t.throwsAsync(redoCase(end, to, 60), { code: 'WalMissing', message: /stopped at LSN 0\/3001388, and was to come to 0\/30013EC/ });
  await t.throwsAsync(redoCase(end, to, 0), { code: 'WalMissing' });
});

// A program in the place of `postgres` that says how it was called.
const calledWith = async (major: number): Promise<string> => {
  const folder = temporaryFolder('replay');
  const program = join(folder, 'postgres');
  await writeFile(program, '#!/bin/sh\necho "FATAL:  $*" >&2\nexit 1\n', { mode: 0o755 });
  const options = {
    start: localServer(program),
    major,
    dataDirectory: folder,
    privateDirectory: folder,
    control: { preparedTransactions: 0, walLevel: 'replica', trackCommitTimestamp: false },
    ownSettings: false,
    archive: { restoreCommand: 'false', timeline: 1, target: {} },
    signal: AbortSignal.timeout(10_000),
  };
  return runReplay(options).then(
    () => '',
    (error: unknown) => String(error),
  );
};

test('the server that replays does not use io_uring, which containers forbid; one before 18 is not told of it', async (t) => {
  t.regex(await calledWith(18), /-c io_method=sync /);
  const before = await calledWith(17);
  t.regex(before, /-c listen_addresses= /);
  t.notRegex(before, /io_method/);
});
