// From the words of the command line to what the recovery is asked for, and how its refusals are told.
import { stepClock } from '../../archive/steps.ts';
import type { RecoveryContext } from '../../archive/recovery/context.ts';
import { RecoveryRefused } from '../../archive/recovery/refused.ts';
import type { RecoveryRequest } from '../../archive/recovery/request.ts';
import type { Log } from '../../telemetry/log.ts';
import { refused, wrongUse } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import { readLocation } from '../common/location.ts';
import { nextStep } from './next.ts';
import type { RecoveryOptions } from './options.ts';
import { readKeys, readTarget, wishOf } from './read-options.ts';

// `identityNeeded`: a plan may do without.
export const readRequest = async (options: RecoveryOptions, io: Io, identityNeeded: boolean): Promise<RecoveryRequest> => {
  const { from } = options;
  if (from === undefined) {
    throw wrongUse('It is not said where the backups are.', 'Name a folder or s3://<bucket>/<prefix> with --from.');
  }
  const wish = wishOf(options);
  const target = await readTarget(options, io, identityNeeded);
  const keys = await readKeys(options, identityNeeded);
  return { location: await readLocation(from, options, io.environment), ...keys, wish, target };
};

// What is logged besides says nothing that people need: they see progress and the report.
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent };

export const recoveryContext = (
  { interrupt, now }: Io,
  progress: RecoveryContext['progress'],
): RecoveryContext & { seconds: ReturnType<typeof stepClock>['seconds'] } => {
  const clock = stepClock(silent, () => performance.now() / 1000);
  return {
    log: silent,
    signal: interrupt(),
    now: () => new Date(now()),
    step: clock.step,
    dropsPrivileges: true,
    progress,
    seconds: clock.seconds,
  };
};

// A refusal ends with the command that would work.
export const withRefusals = async <T>(command: string, options: RecoveryOptions, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RecoveryRefused) {
      throw refused(error.code, error.message, nextStep(command, options, error.remedy));
    }
    throw error;
  }
};
