// What the status says of one archive. A place moves at most about once a minute; anything else at once.
import type { WalLine } from '../../api/agent.ts';
import { lsnBytes } from '../../api/lsn.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import { cut } from '../plan/conditions.ts';
import { instantOf, isoTime, second } from '../plan/time.ts';
import { followerStatus } from './followers.ts';
import type { ReceiverVerdict } from './judge.ts';

const longestMessage = 400;
const minuteMilliseconds = 60 * second;
// While nothing is committed marks come a little faster than once a minute.
const idleMilliseconds = 45 * second;

export const archiveStatus = (
  component: string,
  before: WalArchiveStatus | undefined,
  { state, reason, message }: ReceiverVerdict,
  // What it printed, and the tier that it writes first.
  heard: { line: WalLine; tier: string } | undefined,
  now: number,
): WalArchiveStatus => {
  const place = heard && placeOf(before, heard, now);
  const { since: sinceBefore, state: _state, reason: _reason, message: _message, ...rest } = before ?? {};
  return {
    ...rest,
    ...place,
    component,
    ...(state === undefined ? {} : { state }),
    reason,
    ...(message === '' ? {} : { message: cut(message, longestMessage) }),
    since: before?.state === state && sinceBefore !== undefined ? sinceBefore : isoTime(now),
  };
};

type Place = Pick<WalArchiveStatus, 'tier' | 'lineageId' | 'timeline' | 'fromLsn' | 'storedLsn' | 'storedTime' | 'heldSince' | 'followers'>;

// Undefined: what is known stays.
const placeOf = (before: WalArchiveStatus | undefined, { line, tier }: { line: WalLine; tier: string }, now: number): Place | undefined => {
  if (line.storedLsn === undefined || line.fromLsn === undefined || line.lineageId === undefined || line.timeline === undefined) {
    return undefined;
  }
  const { lineageId, timeline, storedLsn, fromLsn } = line;
  const mark = instantOf(line.markTime);
  const held = heldBy(before, { tier, lineageId, timeline, fromLsn });
  if (held === undefined && (mark === undefined || lsnBytes(storedLsn) <= lsnBytes(fromLsn))) {
    // A new stretch of which nothing is stored yet: whoever reads the store now would not find it, and would not look again for long.
    return undefined;
  }
  const place: Place = {
    tier,
    lineageId,
    timeline,
    storedLsn,
    fromLsn: held?.fromLsn ?? fromLsn,
    heldSince: held?.heldSince ?? isoTime(now),
    ...(mark === undefined ? {} : { storedTime: isoTime(mark) }),
    followers: followerStatus(line),
  };
  return held !== undefined && !hasMoved(before, place) ? undefined : place;
};

// The stretch without a hole that was known before, where this one goes on with it.
const heldBy = (
  before: WalArchiveStatus | undefined,
  line: { tier: string; lineageId: string; timeline: number; fromLsn: string },
): { fromLsn: string; heldSince: string } | undefined => {
  const { tier, lineageId, timeline, fromLsn, storedLsn, heldSince } = before ?? {};
  if (
    tier !== line.tier ||
    lineageId !== line.lineageId ||
    timeline !== line.timeline ||
    fromLsn === undefined ||
    storedLsn === undefined
  ) {
    return undefined;
  }
  const begin = lsnBytes(line.fromLsn);
  if (heldSince === undefined || begin > lsnBytes(storedLsn)) {
    return undefined;
  }
  return { fromLsn: begin < lsnBytes(fromLsn) ? line.fromLsn : fromLsn, heldSince };
};

// Whether the place is worth a write.
const hasMoved = (before: WalArchiveStatus | undefined, place: Place): boolean => {
  if (problems(before?.followers) !== problems(place.followers)) {
    return true;
  }
  const [was, is] = [instantOf(before?.storedTime), instantOf(place.storedTime)];
  if (was === undefined || is === undefined) {
    return is !== was;
  }
  return is - was >= (before?.storedLsn === place.storedLsn ? idleMilliseconds : minuteMilliseconds);
};

const problems = (followers: WalArchiveStatus['followers'] = []): string =>
  followers.map(({ tier, problem }) => `${tier} ${problem?.split(':')[0] ?? ''}`).join(', ');
