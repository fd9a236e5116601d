// Increments made by hand: what is written where, and what is refused before and after the first change. No server.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import test from 'ava';
import { joinInto } from '../../src/engines/postgresql/incremental/join-increments.ts';
import { unfinishedName } from '../../src/engines/postgresql/incremental/unfinished.ts';
import { EngineError } from '../../src/engines/engine.ts';
import { begunOrRefused } from '../../src/engines/postgresql/physical/begun-or-refused.ts';
import { startTool } from '../../src/engines/postgresql/tool.ts';

const run = promisify(execFile);
const blockBytes = 8192;
const walSegmentBytes = 1024 ** 2;

let directory: string;
let made = 0;
test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hf-increment-'));
});
test.after.always(() => rm(directory, { recursive: true, force: true }));

const blocks = (...letters: string[]): Buffer =>
  Buffer.concat(letters.map((letter) => Buffer.alloc(blockBytes, letter === '0' ? 0 : letter)));

type Increment = { truncation: number; blocks: [number, string][]; magic?: number };

const incrementBytes = ({ truncation, blocks: given, magic = 0xd3_ae_1f_0d }: Increment): Buffer => {
  const header = Buffer.alloc(given.length === 0 ? 12 : Math.ceil((12 + 4 * given.length) / blockBytes) * blockBytes);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(given.length, 4);
  header.writeUInt32LE(truncation, 8);
  for (const [index, [number]] of given.entries()) {
    header.writeUInt32LE(number, 12 + 4 * index);
  }
  return Buffer.concat([header, blocks(...given.map(([, letter]) => letter))]);
};

const label = (start: string, parent?: string): string =>
  [
    `START WAL LOCATION: ${start} (file 000000010000000000000001)`,
    'CHECKPOINT LOCATION: 0/0',
    ...(parent === undefined ? [] : [`INCREMENTAL FROM LSN: ${parent}`, 'INCREMENTAL FROM TLI: 1']),
    'START TIMELINE: 1',
    '',
  ].join('\n');

const manifest = (files: Record<string, Buffer>): string => {
  const entries = Object.entries(files)
    .filter(([path]) => !path.startsWith('pg_wal/'))
    .map(([Path, content]) => ({ Path, Size: content.length }));
  const body = `{ "PostgreSQL-Backup-Manifest-Version": 2,\n"System-Identifier": 7000000000000000001,\n"Files": ${JSON.stringify(entries)},\n"WAL-Ranges": [{"Timeline": 1, "Start-LSN": "0/100028", "End-LSN": "0/100100"}],\n`;
  return `${body}"Manifest-Checksum": "${createHash('sha256').update(body).digest('hex')}"}\n`;
};

const wal = { 'pg_wal/000000010000000000000001': Buffer.alloc(walSegmentBytes) };

// A tar as the server sends it: the label first, the manifest last.
const archive = async (files: Record<string, Buffer>, links: Record<string, string> = {}): Promise<string> => {
  made += 1;
  const folder = join(directory, `made-${made}`);
  const all = { ...files, ...wal, backup_manifest: Buffer.from(manifest(files)) };
  for (const [path, content] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  for (const [path, to] of Object.entries(links)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await symlink(to, join(folder, path));
  }
  const folders = ['base', 'base/1', 'global', 'pg_wal', 'pg_tblspc'].filter((name) => existsSync(join(folder, name)));
  await run('tar', [
    '--create',
    '--format=ustar',
    '--no-recursion',
    `--file=${folder}.tar`,
    `--directory=${folder}`,
    'backup_label',
    ...folders,
    ...Object.keys(links),
    ...Object.keys(all).filter((path) => path !== 'backup_label'),
  ]);
  return `${folder}.tar`;
};

// The whole copy: one file of five blocks, one that will go, and a table that is not touched.
const wholeCopy = async (): Promise<string> => {
  made += 1;
  const target = join(directory, `target-${made}`);
  const files = {
    backup_label: label('0/100028'),
    backup_manifest: 'old',
    'base/1/10': blocks('a', 'b', 'c', 'd', 'e'),
    'base/1/gone': 'gone',
    'base/2/gone': 'gone',
    'pg_wal/old': 'old',
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), content);
  }
  return target;
};

const apply = async (target: string, ...archives: string[]): Promise<void> => {
  const joining = joinInto(target, { walSegmentBytes, durable: false });
  for (const path of archives) {
    await joining.apply(createReadStream(path, { highWaterMark: 5000 }) as AsyncIterable<Buffer>);
  }
  await joining.finish();
};

const applyPart = async (target: string, part: Buffer, durable: boolean): Promise<unknown> =>
  joinInto(target, { walSegmentBytes, durable }).apply(Readable.from([part]));

const withIncrement = (increment: Increment): Promise<string> =>
  archive({
    backup_label: Buffer.from(label('0/200028', '0/100028')),
    'base/1/INCREMENTAL.10': incrementBytes(increment),
    'base/1/11': Buffer.from('new'),
  });

const cases: { title: string; increment: Increment; result: Buffer }[] = [
  { title: 'nothing', increment: { truncation: 5, blocks: [] }, result: blocks('a', 'b', 'c', 'd', 'e') },
  {
    title: 'some blocks, side by side and apart',
    increment: {
      truncation: 5,
      blocks: [
        [0, 'v'],
        [1, 'w'],
        [4, 'x'],
      ],
    },
    result: blocks('v', 'w', 'c', 'd', 'x'),
  },
  { title: 'cut off', increment: { truncation: 2, blocks: [] }, result: blocks('a', 'b') },
  { title: 'cut to nothing', increment: { truncation: 0, blocks: [] }, result: Buffer.alloc(0) },
  {
    title: 'cut off and grown again: what was there does not come back',
    increment: { truncation: 1, blocks: [[3, 'y']] },
    result: blocks('a', '0', '0', 'y'),
  },
  {
    title: 'grown, with blocks that nobody wrote',
    increment: { truncation: 8, blocks: [[6, 'z']] },
    result: blocks('a', 'b', 'c', 'd', 'e', '0', 'z', '0'),
  },
  {
    title: 'blocks out of order',
    increment: {
      truncation: 5,
      blocks: [
        [3, 'x'],
        [1, 'y'],
      ],
    },
    result: blocks('a', 'y', 'c', 'x', 'e'),
  },
];

for (const { title, increment, result } of cases) {
  test(`an increment is written into its file: ${title}`, async (t) => {
    const target = await wholeCopy();
    await apply(target, await withIncrement(increment));
    t.true((await readFile(join(target, 'base/1/10'))).equals(result));
    t.is(await readFile(join(target, 'base/1/11'), 'utf8'), 'new');
    t.deepEqual(
      ['base/1/gone', 'base/2', 'pg_wal/old', unfinishedName].filter((path) => existsSync(join(target, path))),
      [],
    );
    t.is(await readFile(join(target, 'backup_label'), 'utf8'), label('0/200028'));
  });
}

const refusal = async (work: Promise<unknown>): Promise<{ code: string; message: string }> => {
  try {
    await work;
  } catch (error) {
    return error instanceof EngineError ? { code: error.code, message: error.message } : { code: 'none', message: String(error) };
  }
  return { code: 'no error', message: '' };
};

const untouched = async (target: string): Promise<boolean> =>
  !existsSync(join(target, unfinishedName)) &&
  (await readFile(join(target, 'backup_label'), 'utf8')) === label('0/100028') &&
  (await readFile(join(target, 'base/1/10'))).equals(blocks('a', 'b', 'c', 'd', 'e'));

const ordinary: Increment = { truncation: 5, blocks: [[2, 'X']] };

test('an increment that does not build on what is there is refused, and nothing is touched', async (t) => {
  const target = await wholeCopy();
  const other = await archive({
    backup_label: Buffer.from(label('0/300028', '0/200028')),
    'base/1/INCREMENTAL.10': incrementBytes(ordinary),
  });
  t.like(await refusal(apply(target, other)), {
    code: 'ChainBroken',
    message: `The increment builds on a copy that begins at 0/200028 of timeline 1; ${target} holds one that begins at 0/100028 of timeline 1. Apply the increments of one chain in their order.`,
  });
  const whole = await archive({ backup_label: Buffer.from(label('0/200028')) });
  t.is((await refusal(apply(target, whole))).code, 'ChainBroken');
  t.true(await untouched(target));
  await apply(target, await withIncrement(ordinary), other);
  await rm(join(target, 'backup_label'));
  t.regex((await refusal(apply(target, other))).message, /a server has run on it/);
});

test('an increment for a file that the older copy does not have is refused', async (t) => {
  const target = await wholeCopy();
  const lacking = await archive({
    backup_label: Buffer.from(label('0/200028', '0/100028')),
    'base/1/INCREMENTAL.99': incrementBytes(ordinary),
  });
  const { code, message } = await refusal(apply(target, lacking));
  t.is(code, 'ChainBroken');
  t.regex(message, /base\/1\/99/);
});

test('another form than that of PostgreSQL 17 and 18 is refused, with the way out', async (t) => {
  for (const bytes of [
    incrementBytes({ ...ordinary, magic: 1 }),
    incrementBytes(ordinary).subarray(0, -1),
    Buffer.from('short'),
    Buffer.alloc(0),
  ]) {
    const { code, message } = await refusal(
      archive({ backup_label: Buffer.from(label('0/200028', '0/100028')), 'base/1/INCREMENTAL.10': bytes }).then(async (path) =>
        apply(await wholeCopy(), path),
      ),
    );
    t.is(code, 'IncrementFormatUnknown', message);
  }
});

test('what was left half applied is refused ever after', async (t) => {
  const target = await wholeCopy();
  const whole = await readFile(await withIncrement(ordinary));
  for (const cut of [1600, 9000, whole.length - walSegmentBytes, whole.length - 3000]) {
    const half = await wholeCopy();
    const { code } = await refusal(applyPart(half, whole.subarray(0, cut), true));
    t.is(code, 'VerificationFailed', `cut at ${cut}`);
    t.regex(await readFile(join(half, 'backup_label'), 'utf8'), /INCREMENTAL FROM LSN/);
    t.regex(await readFile(join(half, unfinishedName), 'utf8'), /no server may use it/);
    t.is((await refusal(apply(half, await withIncrement(ordinary)))).code, 'TargetUnfinished');
  }
  // Within the label nothing has been changed yet.
  t.is((await refusal(applyPart(target, whole.subarray(0, 600), false))).code, 'VerificationFailed');
  t.true(await untouched(target));
});

test('an increment that lacks a file of its manifest, or WAL, is not whole', async (t) => {
  const path = await withIncrement(ordinary);
  await run('tar', ['--delete', `--file=${path}`, 'base/1/11']);
  t.regex((await refusal(apply(await wholeCopy(), path))).message, /lacks files: base\/1\/11/);
  const withoutWal = await withIncrement(ordinary);
  await run('tar', ['--delete', `--file=${withoutWal}`, 'pg_wal/000000010000000000000001']);
  t.regex((await refusal(apply(await wholeCopy(), withoutWal))).message, /lacks WAL/);
});

test('links lead nowhere, neither in the archive nor in the directory', async (t) => {
  const outside = join(directory, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, '10'), blocks('a', 'b', 'c', 'd', 'e'));
  const linked = await wholeCopy();
  await rename(join(linked, 'base/1'), join(linked, 'base/was'));
  await symlink(outside, join(linked, 'base/1'));
  t.is((await refusal(apply(linked, await withIncrement(ordinary)))).code, 'TargetMisfit');
  const file = await wholeCopy();
  await rm(join(file, 'base/1/10'));
  await symlink(join(outside, '10'), join(file, 'base/1/10'));
  t.is((await refusal(apply(file, await withIncrement(ordinary)))).code, 'TargetMisfit');
  const shared = await wholeCopy();
  await link(join(shared, 'base/1/10'), join(outside, 'second-name'));
  t.regex((await refusal(apply(shared, await withIncrement(ordinary)))).message, /hard links/);
  t.true((await readFile(join(outside, '10'))).equals(blocks('a', 'b', 'c', 'd', 'e')));
  t.true((await readFile(join(outside, 'second-name'))).equals(blocks('a', 'b', 'c', 'd', 'e')));

  const inArchive = await archive({ backup_label: Buffer.from(label('0/200028', '0/100028')) }, { 'base/1/10': outside });
  t.is((await refusal(apply(await wholeCopy(), inArchive))).code, 'VerificationFailed');
  const tablespace = await archive({ backup_label: Buffer.from(label('0/200028', '0/100028')) }, { 'pg_tblspc/16384': outside });
  t.like(await refusal(apply(await wholeCopy(), tablespace)), { code: 'TablespacesUnsupported' });
});

const asTool = (script: string) =>
  startTool({
    script,
    signal: AbortSignal.timeout(20_000),
    failure: { code: 'SourceFailed', what: 'pg_basebackup', retryable: true },
  });

test('a tool that ended before anybody read it: nothing is lost; one that the server refused says why', async (t) => {
  const quick = asTool('head -c 50000 /dev/zero');
  const begun = await begunOrRefused({ stream: quick.stdout, ended: quick.ended });
  await pause(300);
  const parts: Buffer[] = [];
  for await (const part of 'copy' in begun ? begun.copy.stream : []) {
    parts.push(part as Buffer);
  }
  t.is(Buffer.concat(parts).length, 50_000);

  const refusing = asTool('echo "pg_basebackup: error: could not initiate base backup: ERROR:  not now" >&2; exit 1');
  const refused = await begunOrRefused({ stream: refusing.stdout, ended: refusing.ended });
  t.deepEqual(refused, { refused: { reason: 'ServerRefused', message: 'The server made no increment: ERROR:  not now' } });

  // A whole copy would fail in the same way.
  const away = asTool('echo "pg_basebackup: error: connection to server failed" >&2; exit 1');
  const failed = await begunOrRefused({ stream: away.stdout, ended: away.ended });
  await t.throwsAsync('copy' in failed ? failed.copy.ended : Promise.resolve(), { message: /connection to server failed/ });
});
