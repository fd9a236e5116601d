// Attempts that count for nothing: no manifest names them, and nobody is at work on them any more.
import { keyId } from '../layout.ts';
import type { Judged } from './judge.ts';

// Longer than all attempts at one backup may usually take.
export const oldMilliseconds = 48 * 3600_000;

export type Abandoned = { attempts: number; bytes: number };

const attemptOf = (key: string): { backupId: string; attempt: string } | undefined => {
  const data = /^data\/([^/]+)\/([^/]+)\/(\d+)\//.exec(key);
  if (data !== null) {
    const [, backupId = '', component = '', attempt = ''] = data;
    return { backupId, attempt: keyId(backupId, component, Number(attempt)) };
  }
  // Neither ids nor names of components hold a dot.
  const [, id = '', backupId = ''] = /^keys\/(([^./]+)\.[^./]+\.\d+)\//.exec(key) ?? [];
  return backupId === '' ? undefined : { backupId, attempt: id };
};

// Objects of backups whose manifest cannot be read or believed are never counted: they may be all that is left of it.
export const findAbandoned = (objects: ReadonlyMap<string, number>, judged: readonly Judged[], now: number): Abandoned => {
  const known = new Map(judged.map((each) => [each.id, each]));
  const named = new Set(judged.flatMap(({ record }) => record?.objects().map(([key]) => key) ?? []));
  const attempts = new Set<string>();
  let bytes = 0;
  for (const [key, size] of objects) {
    const of = named.has(key) ? undefined : attemptOf(key);
    if (of !== undefined && hasEnded(of.backupId, known.get(of.backupId), now)) {
      attempts.add(of.attempt);
      bytes += size;
    }
  }
  return { attempts: attempts.size, bytes };
};

const hasEnded = (id: string, judged: Judged | undefined, now: number): boolean =>
  judged === undefined ? now - slotOf(id) > oldMilliseconds : judged.record !== undefined;

// Ids begin with their slot. One that does not is of a time that nobody knows: it is left alone.
const slotOf = (id: string): number => {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/.exec(id) ?? [];
  return year === undefined ? Number.POSITIVE_INFINITY : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
};
