// How a backup stands in the rotation, by its newest mark and by the dump's own reading.
import type { VerificationMark } from '../../api/stored/mark.ts';
import type { VerificationState } from '../../core/plan/rotation.ts';
import type { Judged } from './judge.ts';
import type { Known } from './record.ts';

export type Standing =
  | { state: 'Never'; verifiedTime?: undefined; sinceTime?: undefined; read?: undefined; damaged?: undefined }
  | { state: 'Passed'; verifiedTime: string; sinceTime: string; read: number; damaged?: undefined }
  | { state: 'Unfinished'; verifiedTime?: string; sinceTime: string; read: number; damaged?: undefined }
  | { state: 'Failed'; verifiedTime?: string; sinceTime: string; read: number; damaged: { key: string; code: string; message?: string } };

// A mark of another manifest says nothing of this one.
export const standingOf = (record: Known, mark: VerificationMark | undefined, readBack: boolean): Standing => {
  const ours = mark?.manifestSha256 === record.sha256 ? mark : undefined;
  if (ours === undefined) {
    const since = record.readBackTime;
    return readBack ? { state: 'Passed', verifiedTime: since, sinceTime: since, read: record.objects().length } : { state: 'Never' };
  }
  const { verdict, sinceTime, read, verifiedTime, damaged } = ours;
  const before = verifiedTime === undefined ? {} : { verifiedTime };
  if (verdict === 'Failed') {
    return { state: 'Failed', sinceTime, read, damaged: damaged ?? { key: record.id, code: 'DigestMismatch' }, ...before };
  }
  return verdict === 'Passed'
    ? { state: 'Passed', verifiedTime: sinceTime, sinceTime, read }
    : { state: 'Unfinished', sinceTime, read, ...before };
};

// Of every backup whose manifest was believed.
export const standingsOf = (
  judged: readonly Judged[],
  marks: ReadonlyMap<string, VerificationMark>,
  readBack: boolean,
): Map<string, Standing> =>
  new Map(
    judged.flatMap(({ id, record }): [string, Standing][] =>
      record === undefined ? [] : [[id, standingOf(record, marks.get(id), readBack)]],
    ),
  );

export const stateOf = (id: string, standing: Standing | undefined): VerificationState => {
  const since = standing?.sinceTime;
  return { id, state: standing?.state ?? 'Never', ...(since === undefined ? {} : { sinceMilliseconds: Date.parse(since) }) };
};
