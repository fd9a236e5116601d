// Keys of everything that a repository holds (DESIGN: what is stored). No key is both an object and a prefix.

// 20261122T020000Z: without what no key may hold.
const compactTime = (time: string): string => time.replace(/[-:]|\.\d+/g, '');

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
