// Keys of everything that a repository holds (DESIGN: what is stored). No key is both an object and a prefix.

import { segmentName, segmentStart, timelineName } from '../api/lsn.ts';
import { safetyPrefix } from '../api/safety-place.ts';

// 20261122T020000Z: without what no key may hold.
export const compactTime = (time: string): string => time.replace(/[-:]|\.\d+/g, '');

export const repositoryKey = 'holdfast.json';

export const writersPrefix = 'writers/';
export const writerKey = (epoch: number): string => `${writersPrefix}${String(epoch).padStart(8, '0')}.json`;

// The epoch in the key of a writer, or undefined where the key is none.
export const writerEpoch = (key: string): number | undefined => {
  const [, digits] = /^writers\/(\d{8})\.json$/.exec(key) ?? [];
  return digits === undefined ? undefined : Number(digits);
};

export const manifestsPrefix = 'manifests/';
export const manifestKey = (backupId: string): string => `${manifestsPrefix}${backupId}.json`;

// The backup id in the key of a manifest, or undefined where the key is none.
export const backupIdOf = (key: string): string | undefined => /^manifests\/([0-9A-Za-z.-]+)\.json$/.exec(key)?.[1];

export const catalogPrefix = 'catalog/';
// Snapshots sort by time.
export const snapshotKey = (time: string): string => `${catalogPrefix}${compactTime(time)}.jsonl.zst`;

export const marksPrefix = 'marks/';
// `time` is RFC 3339; the marks of a backup sort by time.
export const marksOfBackup = (backupId: string): string => `${marksPrefix}${backupId}/`;
export const verificationKey = (backupId: string, time: string): string =>
  `${marksPrefix}${backupId}/${compactTime(time)}-verification.json`;

// The backup that a verification mark is about, or undefined where the key is none.
export const verifiedBackup = (key: string): string | undefined => /^marks\/([0-9A-Za-z.-]+)\/[0-9TZ]+-verification\.json$/.exec(key)?.[1];

export const keyId = (backupId: string, component: string, attempt: number): string => `${backupId}.${component}.${attempt}`;
export const sidecarKey = (id: string, recipientsFingerprint: string): string => `keys/${id}/${recipientsFingerprint}.age`;

export const dataPrefix = (backupId: string): string => `data/${backupId}/`;
export const attemptPrefix = (backupId: string, component: string, attempt: number): string =>
  `${dataPrefix(backupId)}${component}/${attempt}/`;
export const componentRecordKey = (backupId: string, component: string, attempt: number): string =>
  `${attemptPrefix(backupId, component, attempt)}component.json`;

// Volume 1 of `base.tar` is `…/base.tar.zst.age.00001`: concatenated, the volumes are one age file of one zstd stream.
export const volumeKey = (prefix: string, artifact: string, volume: number): string =>
  `${prefix}${artifact}.zst.age.${String(volume).padStart(5, '0')}`;

export const logsPrefix = (backupId: string): string => `logs/${backupId}/`;
// `time` is RFC 3339; its compact form makes the logs of a backup sort by time.
export const logKey = (backupId: string, time: string, what: string): string => `${logsPrefix(backupId)}${compactTime(time)}-${what}.jsonl`;

export const auditPrefix = 'audit/';
// `time` is RFC 3339, of the end of the act: it is the same however often the record is written. `uid`: of the resource that asked for it.
export const auditKey = (time: string, act: string, uid: string): string =>
  `${auditPrefix}${compactTime(time)}-${act}-${uid
    .toLowerCase()
    .replace(/[^0-9a-f]/g, '')
    .slice(0, 8)}.json`;

// What data directories held before Restores replaced them: no backup.
export const safetyAttemptPrefix = (uid: string, component: string, attempt: number): string =>
  `${safetyPrefix(uid, component)}${attempt}/`;
export const safetyDescriptionKey = (uid: string, component: string, attempt: number): string =>
  `${safetyAttemptPrefix(uid, component, attempt)}description.json`;
export const safetySidecarKey = (uid: string, component: string, attempt: number, recipientsFingerprint: string): string =>
  `${safetyAttemptPrefix(uid, component, attempt)}key-${recipientsFingerprint}.age`;

export const kitPrefix = 'kit/';
// `digest`: of the content. A file that is there already is the same file.
export const kitKey = (name: string, digest: string, extension: string): string => `${kitPrefix}${name}-${digest}.${extension}`;

export const walPrefix = 'wal/';
export const lineagePrefix = (lineageId: string): string => `${walPrefix}${lineageId}/`;
export const lineageKey = (lineageId: string): string => `${lineagePrefix(lineageId)}lineage.json`;

// The lineage that a key lies in, or undefined where the key is no part of a WAL archive.
export const lineageOf = (key: string): string | undefined => /^wal\/([0-9A-Za-z.-]+)\//.exec(key)?.[1];

// Fixed width: keys sort as places do.
const hex16 = (lsn: bigint): string => lsn.toString(16).toUpperCase().padStart(16, '0');

export const walTimelinePrefix = (lineageId: string, timeline: number): string => `${lineagePrefix(lineageId)}${timelineName(timeline)}/`;

// A whole segment, or a piece of one: `from` up to, and without, `to`.
export const walObjectKey = (
  { lineageId, segmentBytes }: { lineageId: string; segmentBytes: number },
  timeline: number,
  { from, to, keyId: id }: { from: bigint; to: bigint; keyId: string },
): string => {
  const folder = walTimelinePrefix(lineageId, timeline);
  const segment = segmentName(timeline, from, segmentBytes);
  const isWhole = from === segmentStart(from, segmentBytes) && to - from === BigInt(segmentBytes);
  return isWhole ? `${folder}${segment}-${id}.zst.age` : `${folder}pieces/${segment}/${hex16(from)}-${hex16(to)}-${id}.zst.age`;
};

export const walHistoryFileKey = (lineageId: string, timeline: number): string =>
  `${walTimelinePrefix(lineageId, timeline)}${timelineName(timeline)}.history`;

export const walHistoriesPrefix = (lineageId: string): string => `${lineagePrefix(lineageId)}history/`;
export const walHistoryKey = (lineageId: string, timeline: number): string =>
  `${walHistoriesPrefix(lineageId)}${timelineName(timeline)}.json`;

export const walPagesPrefix = (lineageId: string): string => `${lineagePrefix(lineageId)}index/`;
export const walPageKey = (lineageId: string, timeline: number, from: bigint): string =>
  `${walPagesPrefix(lineageId)}${timelineName(timeline)}/${hex16(from)}.json`;

export const walTailsPrefix = (lineageId: string, timeline?: number): string =>
  `${lineagePrefix(lineageId)}marks/${timeline === undefined ? '' : `${timelineName(timeline)}/`}`;
// Tails that end before `to` sort before it.
export const walTailPlace = (lineageId: string, timeline: number, to: bigint): string =>
  `${walTailsPrefix(lineageId, timeline)}${hex16(to)}`;
// `time` is RFC 3339. The newest tail of a timeline sorts last; of two of one second, `count` decides.
export const walTailKey = (lineageId: string, timeline: number, tail: { to: bigint; time: string; count: number }): string =>
  `${walTailPlace(lineageId, timeline, tail.to)}-${compactTime(tail.time)}-${String(tail.count).padStart(6, '0')}.json`;

export const walGapsPrefix = (lineageId: string): string => `${lineagePrefix(lineageId)}gaps/`;
export const walGapKey = (lineageId: string, timeline: number, from: bigint): string =>
  `${walGapsPrefix(lineageId)}${timelineName(timeline)}/${hex16(from)}.json`;
