// Which instants the archived WAL leads to, in sentences.
import { timeText } from '../common/figures.ts';
import { oneLine } from '../common/printable.ts';
import type { PolicyReport } from './report.ts';

const mostShown = 3;

type Window = NonNullable<PolicyReport['recoverability']>;
type Gap = NonNullable<Window['gaps']>[number];

// No text at all where no WAL is known of.
export const windowTexts = (window: PolicyReport['recoverability']): string[] => {
  if (window === undefined) {
    return [];
  }
  const { earliestTime, latestTime, gaps = [], olderGaps = 0, tier } = window;
  const all = gaps.length + olderGaps;
  const more = all - Math.min(gaps.length, mostShown);
  return [
    earliestTime === undefined || latestTime === undefined
      ? oneLine(`none: there is WAL on ${tier}, but no whole backup from which it leads on.`)
      : oneLine(
          `from ${timeText(earliestTime)} to ${timeText(latestTime)}, from ${tier}${all === 0 ? ', without a gap.' : ', but for these gaps:'}`,
        ),
    ...gaps.slice(-mostShown).map((gap) => oneLine(gapText(gap))),
    ...(more > 0 ? [`and ${more} older ${more === 1 ? 'gap' : 'gaps'}; -o json shows those that the status holds.`] : []),
  ];
};

const gapText = ({ component, timeline, from, to, fromLsn, toLsn, reason }: Gap): string => {
  const start = from === undefined ? `LSN ${fromLsn}` : timeText(from);
  const why = reason === undefined ? '' : `, ${reason}`;
  const stretch = to === undefined ? `after ${start}, until a new Full backup was taken` : `between ${start} and ${timeText(to)}`;
  if (reason === 'OtherHistory') {
    return `${component}: nothing ${stretch}, when the server went from one history to another.`;
  }
  return `${component}: nothing ${stretch} (LSN ${fromLsn} to ${toLsn} of timeline ${timeline}${why}).`;
};
