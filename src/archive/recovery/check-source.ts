// Reads every stored object that a recovery will read, and compares its SHA-256 (level L1), before anything is stopped or overwritten.
import type { StoredObject } from '../../api/stored/backup.ts';
import { segmentStart } from '../../api/lsn.ts';
import { globalsArtifact } from '../../core/recovery/plan.ts';
import { refusal } from '../../core/recovery/refusal.ts';
import { selectObjects } from '../../core/wal/objects.ts';
import { StoreError } from '../../stores/errors.ts';
import type { Store } from '../../stores/store.ts';
import { ArchiveError } from '../errors.ts';
import { inOrder } from '../in-order.ts';
import { walObjectKey } from '../layout.ts';
import { totalBytes } from '../manifest-objects.ts';
import { readObject } from '../volumes.ts';
import type { RecoveryContext } from './context.ts';
import type { Prepared } from './prepare.ts';
import { RecoveryRefused } from './refused.ts';
import { neededObjects } from './replay/prepare-replay.ts';
import type { ReplayTools } from './replay/prepare-replay.ts';

// Chunks are let go as soon as they are hashed.
const atOnce = 3;

// Returns how many bytes were read. Throws SourceVerificationFailed with the object's name.
export const checkSource = async (store: Store, prepared: Prepared, { signal, progress }: RecoveryContext): Promise<number> => {
  const objects = sourceObjects(prepared);
  const all = totalBytes(objects);
  let read = 0;
  const onBytes = (bytes: number): void => progress('check source', (read += bytes), all);
  for await (const _ of inOrder(objects, atOnce, (object) => checkObject(store, object, signal, onBytes))) {
    signal.throwIfAborted();
  }
  return read;
};

// Twice, before anybody is told that it is damaged: the network may have been.
const checkObject = async (store: Store, object: StoredObject, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<void> => {
  const attempt = async (): Promise<void> => {
    for await (const chunk of readObject(store, object, signal)) {
      onBytes(chunk.length);
    }
  };
  await attempt().catch(async (error: unknown) => {
    signal.throwIfAborted();
    if (!isDamage(error)) {
      throw error;
    }
    await attempt().catch((again: unknown) => {
      signal.throwIfAborted();
      throw isDamage(again) ? damaged(object, again) : again;
    });
  });
};

const isDamage = (error: unknown): error is Error =>
  error instanceof ArchiveError || (error instanceof StoreError && (error.code === 'ObjectMissing' || error.code === 'ChecksumMismatch'));

const damaged = ({ key }: StoredObject, error: Error): RecoveryRefused =>
  new RecoveryRefused(
    refusal('SourceVerificationFailed', error.message.includes(key) ? error.message : `${key} cannot be used: ${error.message}`, {}),
  );

// Each once.
export const sourceObjects = ({ chain, dumps, replay }: Prepared): StoredObject[] => {
  const isNeeded = (name: string): boolean =>
    dumps.length === 0
      ? name === 'base.tar' || name === 'backup_manifest'
      : name === globalsArtifact || name === 'facts.json' || dumps.some(({ artifact }) => artifact === name);
  const ofBackups = chain.flatMap(({ component }) => [
    ...component.keys,
    ...component.artifacts.filter(({ name }) => isNeeded(name)).flatMap(({ volumes }) => volumes),
  ]);
  const all = [...ofBackups, ...(replay === undefined ? [] : walObjects(replay))];
  return [...new Map(all.map((object) => [object.key, object])).values()];
};

// With the beginning of the first segment: a server asks for whole ones.
const walObjects = ({ replay, lineage }: ReplayTools): StoredObject[] => {
  const { document, keys, timelines } = lineage;
  const [first] = replay.steps;
  const head = (timelines.find(({ timeline }) => timeline === first?.timeline)?.objects ?? []).filter(
    ({ from, to }) => first !== undefined && to <= first.from && from >= segmentStart(first.from, document.segmentBytes),
  );
  const before =
    first === undefined ? [] : selectObjects(head, { from: segmentStart(first.from, document.segmentBytes), to: first.from }).parts;
  const needed = [...before.map(({ object }) => ({ timeline: first?.timeline ?? 0, object })), ...neededObjects(replay, lineage)];
  const sidecars = [...new Set(needed.map(({ object }) => object.keyId))].flatMap((keyId) => keys.get(keyId) ?? []);
  return [
    ...sidecars,
    ...needed.map(({ timeline, object }) => ({
      key: walObjectKey(document, timeline, object),
      bytes: object.bytes,
      sha256: object.sha256,
    })),
  ];
};
