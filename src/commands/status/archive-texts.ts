// How the WAL archive of each component stands, one sentence each.
import { distanceText, timeText } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import type { PolicyReport } from './report.ts';

type Archive = PolicyReport['archives'][number];

// No text at all where nothing is archived all the time.
export const archiveTexts = (archives: PolicyReport['archives'], now: number, colours: Colours): string[] =>
  archives.flatMap((archive) => (archive.state === undefined ? [] : [textOf(archive, now, colours)]));

const textOf = (archive: Archive, now: number, { red, yellow }: Colours): string => {
  const { component, state, reason, message = '', since, followers = [] } = archive;
  switch (state) {
    case 'Failing':
      return red(
        oneLine(`${component}: not archived, ${reason ?? 'unknown'}, seen ${distanceText(since, now)}. ${message} ${storedText(archive)}`),
      );
    case 'Archiving': {
      const late = followers.flatMap(({ tier, problem }) => (problem === undefined ? [] : [`${tier} does not follow: ${problem}`]));
      const text = oneLine([`${component}: archived as it is written.`, storedText(archive), ...late].join(' '));
      return late.length === 0 ? text : yellow(text);
    }
    case 'Starting':
    case 'Suspended':
    case undefined:
      return yellow(oneLine(`${component}: ${message} ${storedText(archive)}`));
  }
};

const storedText = ({ tier, storedTime, timeline, followers = [] }: Archive): string => {
  if (storedTime === undefined || tier === undefined) {
    return 'Nothing is known to be stored yet.';
  }
  const others = followers.map((each) => `${each.tier} ${each.storedTime === undefined ? 'nothing' : timeText(each.storedTime)}`);
  return `Stored: ${[`${tier} ${timeText(storedTime)}`, ...others].join(', ')} (timeline ${timeline ?? 1}).`;
};
