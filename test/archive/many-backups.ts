// Writes a repository of many backups as files: signed manifests that name objects which nobody made. For lists of catalogues, in a test and in bench/.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '../../src/api/stored/backup.ts';
import { payloadTypes } from '../../src/api/stored/envelope.ts';
import { manifestKey, writerKey } from '../../src/archive/layout.ts';
import { openManifest, sealManifest } from '../../src/archive/documents.ts';
import { inOrder } from '../../src/archive/in-order.ts';
import { recordOf } from '../../src/archive/inspection/record.ts';
import type { Known } from '../../src/archive/inspection/record.ts';
import { sealSnapshot } from '../../src/archive/inspection/snapshot.ts';
import { sealDocument } from '../../src/archive/signing/envelope.ts';
import type { Signer, Verifiers } from '../../src/archive/signing/keys.ts';
import type { Store } from '../../src/stores/store.ts';

export const repositoryId = '0123456789abcdef0123456789abcdef';
const policy = { namespace: 'shop', name: 'shop' };
const first = Date.parse('2025-01-01T00:00:00Z');
const hex = (index: number, length: number): string => index.toString(16).padStart(length, '0');

export const manyId = (index: number): string =>
  `${new Date(first + index * 3_600_000).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-full-${hex(index, 8)}`;

const stored = (key: string, index: number, bytes: number) => ({ key, bytes, sha256: hex(index, 64) });

const manifestOf = (index: number): Manifest => {
  const backupId = manyId(index);
  const time = new Date(first + index * 3_600_000).toISOString();
  const data = `data/${backupId}/db/1`;
  const volumes = ['base.tar', 'backup_manifest', 'shop.dump', 'globals.sql', 'facts.json'];
  return {
    schema: 'holdfast.dev/manifest/v1',
    minReader: 1,
    repositoryId,
    key: manifestKey(backupId),
    backupId,
    epoch: 1,
    type: 'Full',
    slot: time,
    policy,
    createdTime: time,
    components: [
      {
        name: 'db',
        engine: 'postgresql',
        attempt: 1,
        parent: null,
        keyId: `${backupId}.db.1`,
        keys: [stored(`keys/${backupId}.db.1/944f93c1db3d1bfb.age`, index, 300)],
        artifacts: volumes.map((name, at) => ({
          name,
          state: name === 'backup_manifest',
          volumes: [stored(`${data}/${name}.zst.age.00001`, index + at, 1_000_000 + index)],
        })),
        facts: { versions: { postgresql: '17.11' }, restorableTo: time },
        startTime: time,
        endTime: time,
        verification: { level: 'L2', verdict: 'Passed', time },
        record: stored(`${data}/component.json`, index, 2000),
      },
    ],
    failed: [],
  };
};

const place = async (root: string, key: string, content: string | Buffer): Promise<void> => {
  await mkdir(dirname(join(root, key)), { recursive: true });
  await writeFile(join(root, key), content);
};

// Backups number `from` to `to - 1`, and what makes the folder a repository.
export const writeManyBackups = async (root: string, signer: Signer, from: number, to: number): Promise<void> => {
  const createdTime = new Date(first).toISOString();
  const repository = { schema: 'holdfast.dev/repository/v1', minReader: 1, formatVersion: 1, repositoryId, createdTime };
  const key = writerKey(1);
  const writer = {
    schema: 'holdfast.dev/writer/v1',
    minReader: 1,
    repositoryId,
    key,
    epoch: 1,
    clusterId: 'cluster-a',
    ...policy,
    startTime: createdTime,
  };
  await place(root, 'holdfast.json', `${JSON.stringify(repository, undefined, 2)}\n`);
  await place(root, key, sealDocument(payloadTypes.writer, writer, signer));
  await mkdir(join(root, 'manifests'), { recursive: true });
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  const write = (index: number) => writeFile(join(root, manifestKey(manyId(index))), sealManifest(manifestOf(index), signer));
  for await (const _ of inOrder(numbers, 32, write)) {
    // Written.
  }
};

// The snapshot that an inspection would write of what the store lists, had it found all objects.
export const snapshotOf = async (
  root: string,
  store: Store,
  signer: Signer,
  verifiers: Verifiers,
  time: string,
): Promise<{ key: string; bytes: Buffer }> => {
  const records: Known[] = [];
  for await (const { key, tag = '' } of store.list('manifests/')) {
    const bytes = await readFile(join(root, key));
    const id = key.slice('manifests/'.length, -'.json'.length);
    records.push({ ...recordOf(openManifest(bytes, id, repositoryId, verifiers), bytes), tag });
  }
  return sealSnapshot(records, time, repositoryId, signer);
};
