// How long the Jobs of a policy may take.
import type { BackupPolicy } from '../../api/objects.ts';
import { durationMilliseconds } from '../plan/time.ts';

export type DeadlineVerb = 'dump' | 'seal' | 'copy' | 'inspect' | 'receive' | 'recover';

export type Deadlines = { startMilliseconds: number; runMilliseconds: number };

// A Job that receives WAL, not the receiver that runs all the time: that one has none.
export const deadlinesFor = ({ spec }: BackupPolicy, verb: DeadlineVerb): Deadlines => ({
  startMilliseconds: durationMilliseconds(spec.jobs.deadlines.start),
  runMilliseconds: durationMilliseconds(spec.jobs.deadlines[verb === 'receive' ? 'log' : verb]),
});

// The most that a Job may take, waiting included.
export const wholeDeadline = ({ startMilliseconds, runMilliseconds }: Deadlines): number => startMilliseconds + runMilliseconds;
