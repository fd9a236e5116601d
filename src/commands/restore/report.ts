// What came of a restore, and exactly how to start the server.
import type { Recovered } from '../../archive/recovery/recover.ts';
import { durationText } from '../common/figures.ts';
import { oneLine } from '../common/printable.ts';
import { shellWord } from './next.ts';

type Told = { owner?: { uid: number; gid: number }; seconds: number };

export const reportText = ({ directory, server }: Recovered, told: Told): string =>
  [...(directory === undefined ? [] : [directoryText(directory, told)]), ...(server === undefined ? [] : [serverText(server, told)])].join(
    '',
  );

const serverText = ({ roles, databases }: NonNullable<Recovered['server']>, { seconds }: Told): string =>
  [
    `Restored ${databases.length === 1 ? 'one database' : `${databases.length} databases`} in ${durationText(seconds * 1000)}.`,
    ...databases.map(
      ({ database, into, created, tablesCompared }) =>
        `  ${oneLine(database)} ${created ? 'as a new database' : `into ${oneLine(into)}`}: ${
          tablesCompared === undefined
            ? 'an earlier run of this command has made it, and compared its rows'
            : `${tablesCompared} tables have the rows that the snapshot saw`
        }`,
    ),
    ...(roles.made.length === 0 ? [] : [`Roles made: ${oneLine(roles.made.join(', '))}.`]),
    ...(roles.kept.length === 0 ? [] : [`Roles that were there and stay as they are: ${oneLine(roles.kept.join(', '))}.`]),
    '',
  ].join('\n');

const replayedText = ({ lsn, timeline, newTimeline, stopped }: NonNullable<NonNullable<Recovered['directory']>['replayed']>): string =>
  `WAL was replayed up to LSN ${lsn} of timeline ${timeline}${stopped === undefined ? ', its end' : `: ${oneLine(stopped)}`}. The server goes on with timeline ${newTimeline}.`;

const directoryText = (directory: NonNullable<Recovered['directory']>, { owner, seconds }: Told): string => {
  const { path, major, files, checksums, defused, replayed } = directory;
  return [
    `Restored to ${path} in ${durationText(seconds * 1000)}: ${files} files, all there with their sizes${
      checksums === 'Passed' ? '; every checksum is right (pg_verifybackup).' : `. Checksums were not checked: ${checksums.notChecked}.`
    }`,
    ...(replayed === undefined ? [] : [replayedText(replayed)]),
    ...(defused.length === 0
      ? [`Nothing was set that would act on the world; holdfast.conf keeps it so.`]
      : [
          'Taken out of force, so that the copy does not act on the world (holdfast.conf says how to undo it):',
          ...defused.map(({ name, was, file }) => `  ${name}, was ${oneLine(was) === '' ? 'empty' : oneLine(was)} in ${file}`),
        ]),
    '',
    `Start it with PostgreSQL ${major}${owner === undefined ? '' : ` as the user ${owner.uid}`}; where another server runs on this machine, on a port of its own:`,
    `  pg_ctl --pgdata=${shellWord(path)} --options='-p 5433' --log=${shellWord(`${path}.log`)} --wait start`,
    '',
  ].join('\n');
};
