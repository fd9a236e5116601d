// Prints what the WAL of each component leads to, from the backups that passed.
import type { EntryLine, InspectFacts, WindowLine, WindowSpan } from '../../api/agent.ts';
import { lsnBytes, lsnText } from '../../api/lsn.ts';
import { windowOf } from '../../core/recovery/window.ts';
import type { Window, WindowBase, WindowInterval } from '../../core/recovery/window.ts';
import type { AgentContext } from '../context.ts';
import type { Judged } from './judge.ts';
import type { WalFound } from './wal.ts';

// A line stays under 16 KiB: longer ones are cut in two on their way.
const mostIntervals = 50;
const mostGaps = 20;

export const reportWindows = (
  tier: string,
  { sources, refused }: WalFound,
  judged: readonly Judged[],
  passed: ReadonlySet<string>,
  { report }: Pick<AgentContext, 'report'>,
): Pick<InspectFacts, 'wal'> => {
  for (const [component, own] of sources) {
    report({ kind: 'window', tier, component, ...described(windowOf(own, basesOf(judged, passed, component))) });
  }
  return { wal: { components: sources.size, ...(refused === undefined ? {} : { refused }) } };
};

// Of the backups that passed, with all that they build on.
export const passedIds = (entries: readonly Pick<EntryLine, 'backupId' | 'verdict'>[]): Set<string> =>
  new Set(entries.filter(({ verdict }) => verdict === 'Passed').map(({ backupId }) => backupId));

const basesOf = (judged: readonly Judged[], passed: ReadonlySet<string>, component: string): WindowBase[] =>
  judged.flatMap(({ id, record }) => {
    const base = passed.has(id) ? record?.components.find(({ name }) => name === component)?.base : undefined;
    return base === undefined || base === null
      ? []
      : [
          {
            backupId: id,
            systemIdentifier: base.systemIdentifier,
            timeline: base.timeline,
            stop: lsnBytes(base.stopLsn),
            endTime: base.endTime,
            ...(base.commitsUntil === undefined ? {} : { commitsUntil: Date.parse(base.commitsUntil) }),
          },
        ];
  });

const described = ({
  intervals,
  gaps,
  mark,
  newest,
  restorableMilliseconds,
  leadsOn,
  present,
}: Window): Omit<WindowLine, 'kind' | 'tier' | 'component'> => {
  const olderIntervals = intervals.length - mostIntervals;
  const olderGaps = gaps.length - mostGaps;
  return {
    ...(mark === undefined ? {} : { mark: { time: iso(mark.timeMilliseconds), lsn: lsnText(mark.lsn), timeline: mark.timeline } }),
    ...(newest === undefined
      ? {}
      : {
          newest: {
            lineageId: newest.lineageId,
            timeline: newest.timeline,
            fromLsn: lsnText(newest.from),
            toLsn: lsnText(newest.to),
            isReached: newest.isReached,
          },
        }),
    ...(restorableMilliseconds === undefined ? {} : { restorableTo: iso(restorableMilliseconds) }),
    ...(leadsOn === undefined ? {} : { leadsOn: leading(leadsOn) }),
    present: present === undefined ? {} : { backupId: present },
    intervals: intervals.slice(-mostIntervals).map(span),
    ...(olderIntervals > 0 ? { olderIntervals } : {}),
    gaps: gaps.slice(-mostGaps).map((gap) => ({ ...span(gap), ...(gap.reason === undefined ? {} : { reason: gap.reason }) })),
    ...(olderGaps > 0 ? { olderGaps } : {}),
  };
};

const leading = ({ lineageId, timeline, to, fromMilliseconds }: NonNullable<Window['leadsOn']>): NonNullable<WindowLine['leadsOn']> => ({
  lineageId,
  timeline,
  toLsn: lsnText(to),
  ...(fromMilliseconds === undefined ? {} : { from: iso(fromMilliseconds) }),
});

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

const span = ({ timeline, from, to, fromMilliseconds, toMilliseconds }: WindowInterval): WindowSpan => ({
  timeline,
  fromLsn: lsnText(from),
  toLsn: lsnText(to),
  ...(fromMilliseconds === undefined ? {} : { from: iso(fromMilliseconds) }),
  ...(toMilliseconds === undefined ? {} : { to: iso(toMilliseconds) }),
});
