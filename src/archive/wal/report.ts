// Tells how far the receiver is, and not too often; while it runs all the time, also when nothing happens: its silence shall mean something.
import { lsnText } from '../../api/lsn.ts';
import type { WalLine } from '../../api/agent.ts';
import type { AgentContext } from '../context.ts';
import type { Followers } from './followers.ts';
import type { Reached } from './receiver.ts';
import type { Troubles } from './troubles.ts';

const leastMilliseconds = 10_000;

// What a line is made of, as far as it is there by now.
export type Progress = { readonly reached: Reached | undefined; readonly followers: Followers };

export type Reporter = {
  // Prints a line when some time has passed since the last one, when something is stored for the first time, or when a trouble begins or is over.
  readonly look: () => void;
  watch(progress: Progress): void;
  stop(): void;
};

export const startReporter = ({ report, now }: Pick<AgentContext, 'report' | 'now'>, troubles: Troubles, beats: boolean): Reporter => {
  let progress: Progress | undefined;
  let printedMilliseconds = Number.NEGATIVE_INFINITY;
  let last: WalLine | undefined;

  const look = (isBeat: boolean): void => {
    const line = lineOf(now().toISOString(), progress, troubles);
    const isLate = performance.now() - printedMilliseconds >= leastMilliseconds;
    const isFirstMark = line.markTime !== undefined && last?.markTime === undefined;
    if (isBeat || codesOf(line) !== codesOf(last) || isFirstMark || (isLate && line.storedLsn !== undefined)) {
      printedMilliseconds = performance.now();
      last = line;
      report(line);
    }
  };
  const beat = beats ? setInterval(() => look(true), leastMilliseconds).unref() : undefined;
  return {
    look: () => look(false),
    watch(given) {
      progress = given;
    },
    stop: () => clearInterval(beat),
  };
};

// What stands in the way, at each place.
const codesOf = (line: WalLine | undefined): string =>
  line === undefined ? '' : [line.trouble, ...line.followers].map((each) => each?.code ?? '').join(' ');

const lineOf = (time: string, progress: Progress | undefined, troubles: Troubles): WalLine => {
  const trouble = troubles.current();
  return {
    kind: 'wal',
    time,
    ...(progress?.reached === undefined ? {} : placeOf(progress.reached)),
    ...(trouble === undefined ? {} : { trouble }),
    followers: progress?.followers.state(progress.reached) ?? [],
  };
};

const placeOf = ({ lineageId, timeline, from, stored, acknowledged, markMilliseconds }: Reached): Partial<WalLine> => ({
  lineageId,
  timeline,
  fromLsn: lsnText(from),
  storedLsn: lsnText(stored),
  acknowledgedLsn: lsnText(acknowledged),
  ...(markMilliseconds === undefined ? {} : { markTime: new Date(markMilliseconds).toISOString() }),
});
