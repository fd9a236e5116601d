// The limit: streams WAL over the same connection, one `zstd -3` a segment, sealed and hashed, and thrown away. Nothing is stored, named or acknowledged.
// usage: node bench/wal/naive.ts PORT SLOT FROM TO RECIPIENT      FROM and TO: LSNs at the beginnings of segments
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { lsnBytes } from '../../src/api/lsn.ts';
import { encrypt } from '../../src/archive/age/file.ts';
import { openStream } from '../../src/engines/wal/stream.ts';
import type { WalStream } from '../../src/engines/wal/stream.ts';
import { serverOf } from '../common/plans.ts';
import { database, segmentBytes } from './backlog.ts';

const mostOpen = 2;

const [port = '', slot = '', from = '', to = '', recipient = ''] = process.argv.slice(2);
const end = lsnBytes(to);
let open = 0;
let current: ChildProcessByStdio<Writable, Readable, null> | undefined;
let filled = 0;
let stream: WalStream | undefined;
const all: Promise<void>[] = [];
const finished = Promise.withResolvers<void>();

const pack = (): ChildProcessByStdio<Writable, Readable, null> => {
  const child = spawn('zstd', ['-3', '-q', '-c'], { stdio: ['pipe', 'pipe', 'inherit'] });
  open += 1;
  all.push(seal(child.stdout));
  return child;
};

const seal = async (packed: AsyncIterable<Buffer>): Promise<void> => {
  const hash = createHash('sha256');
  for await (const part of encrypt(packed, [recipient])) {
    hash.update(part);
  }
  hash.digest();
  open -= 1;
  stream?.goOn();
};

const onWal = (lsn: bigint, bytes: Buffer): void => {
  for (let rest = bytes; rest.length > 0 && lsn + BigInt(bytes.length - rest.length) < end;) {
    current ??= pack();
    const taken = rest.subarray(0, segmentBytes - filled);
    current.stdin.write(Buffer.from(taken));
    filled += taken.length;
    rest = rest.subarray(taken.length);
    if (filled === segmentBytes) {
      current.stdin.end();
      current = undefined;
      filled = 0;
      if (open >= mostOpen) {
        stream?.hold();
      }
    }
  }
  if (lsn + BigInt(bytes.length) >= end) {
    finished.resolve();
  }
};

const { credentialsDirectory, database: name, ...server } = serverOf(Number(port), database);
stream = await openStream({ server, database: name, credentialsDirectory, slot, timeline: 1, from: lsnBytes(from), onWal });
await finished.promise;
await Promise.all(all);
process.exit();
