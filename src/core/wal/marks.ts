// Marks: pairs of a time and a place. Every commit that was answered before the time, by the server's clock, ends at or before the place.
import { lsnBytes, lsnText } from '../../api/lsn.ts';
import type { WalMark } from '../../api/stored/wal.ts';

export type Mark = { readonly timeMilliseconds: number; readonly lsn: bigint };

export const parseMark = ({ time, lsn }: WalMark): Mark => ({ timeMilliseconds: Date.parse(time), lsn: lsnBytes(lsn) });

export const markDocument = ({ timeMilliseconds, lsn }: Mark): WalMark => ({
  time: new Date(timeMilliseconds).toISOString(),
  lsn: lsnText(lsn),
});

// Fewer marks that say nearly the same: of one place the first and the last, of places that come faster than `everyMilliseconds` only some. The newest stays.
export const thinMarks = (marks: readonly Mark[], everyMilliseconds: number): Mark[] => {
  const kept: Mark[] = [];
  for (const [at, mark] of marks.entries()) {
    const before = kept.at(-1);
    const next = marks[at + 1];
    const isMiddleOfOnePlace = before?.lsn === mark.lsn && next?.lsn === mark.lsn;
    const isSoon = before !== undefined && next !== undefined && mark.timeMilliseconds - before.timeMilliseconds < everyMilliseconds;
    const endsOnePlace = before?.lsn === mark.lsn && next !== undefined && next.lsn !== mark.lsn;
    if (!isMiddleOfOnePlace && (!isSoon || endsOnePlace)) {
      kept.push(mark);
    }
  }
  return kept;
};
