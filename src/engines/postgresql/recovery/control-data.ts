// What pg_controldata says of a data directory.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lsnBytes, timelineName } from '../../../api/lsn.ts';
import { EngineError } from '../../engine.ts';
import type { Programs } from './programs.ts';

export type ControlData = {
  state: string;
  systemId: string;
  timeline: number;
  // Of its newest checkpoint: where the WAL ends, once it was shut down.
  checkpointLsn: string;
  preparedTransactions: number;
  walLevel: string;
  trackCommitTimestamp: boolean;
  // Whether its pages have checksums.
  hasChecksums: boolean;
};

export const readControlData = async ({ directory }: Programs, dataDirectory: string): Promise<ControlData> => {
  const { stdout } = await promisify(execFile)(join(directory, 'pg_controldata'), [dataDirectory], {
    env: { ...process.env, LC_ALL: 'C' },
  });
  const value = (name: string): string => new RegExp(`^${name}: +(.+)$`, 'm').exec(stdout)?.[1] ?? '';
  return {
    state: value('Database cluster state'),
    systemId: value('Database system identifier'),
    timeline: Number(value("Latest checkpoint's TimeLineID")),
    checkpointLsn: value('Latest checkpoint location'),
    preparedTransactions: Number(value('max_prepared_xacts setting')),
    walLevel: value('wal_level setting'),
    trackCommitTimestamp: value('track_commit_timestamp setting') === 'on',
    hasChecksums: Number(value('Data page checksum version')) > 0,
  };
};

// Where redo ended: a promotion writes down in the history of its new timeline where that leaves the old one.
export const readRedoEnd = async (dataDirectory: string, timeline: number): Promise<bigint> => {
  const text = await readFile(join(dataDirectory, 'pg_wal', `${timelineName(timeline)}.history`), 'utf8').catch(() => '');
  const found = text
    .split('\n')
    .flatMap((line) => /^\d+\s+([0-9A-F]+\/[0-9A-F]+)/.exec(line)?.[1] ?? [])
    .at(-1);
  if (found === undefined) {
    throw new EngineError('RestoreFailed', `The restored server wrote no history of timeline ${timeline}: nobody knows where it stopped.`);
  }
  return lsnBytes(found);
};
