// The stores: one suite over a folder, versitygw and MinIO, and what is special about each S3 service.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openDirectory } from '../../src/stores/directory.ts';
import { openS3 } from '../../src/stores/s3.ts';
import { conformance, keysOf, refuses } from './conformance.ts';
import type { Subject } from './conformance.ts';
import { startMinio, startVersitygw } from './servers.ts';
import type { S3Server } from './servers.ts';

const starts = { versitygw: startVersitygw, minio: startMinio };
type Name = keyof typeof starts;
const started = new Map<Name, Promise<S3Server>>();
let scratch: string;

// Started by the first test that needs it.
const server = (name: Name): Promise<S3Server> => {
  const running = started.get(name) ?? starts[name]();
  started.set(name, running);
  return running;
};

test.before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'holdfast-stores-'));
});

test.after.always(async () => {
  const ends = [...started.values()].map(async (running) => (await running).stop());
  await Promise.allSettled(ends);
  await rm(scratch, { recursive: true, force: true });
});

let opened = 0;
const freshPrefix = (): string => {
  opened += 1;
  return `tests/store-${opened}`;
};

// One connection is refused without another try: these services answer.
const patience = { attempts: 2, firstPauseMilliseconds: 10, silentMilliseconds: 20_000 };

const s3Subject = (name: Name): Subject => ({
  name,
  open: async () => {
    const prefix = freshPrefix();
    const running = await server(name);
    return { store: openS3(running.location(prefix), patience), leftovers: () => running.openUploads(prefix) };
  },
});

conformance(test, {
  name: 'directory',
  open: async () => {
    const directory = join(scratch, freshPrefix());
    return {
      store: openDirectory({ kind: 'directory', directory }),
      leftovers: async () => {
        const names = await readdir(directory, { recursive: true }).catch(() => []);
        return names.filter((each) => each.includes('.tmp-'));
      },
    };
  },
});
conformance(test, s3Subject('versitygw'));
conformance(test, s3Subject('minio'));
