// Proves that a restored data directory is one: shut down cleanly, as far as was planned, every page with its checksum, and every database opens.
import { lsnBytes } from '../../../api/lsn.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import { EngineError } from '../../../engines/engine.ts';
import { readControlData } from '../../../engines/postgresql/recovery/control-data.ts';
import type { ControlData } from '../../../engines/postgresql/recovery/control-data.ts';
import { openDatabases } from '../../../engines/postgresql/recovery/open-databases.ts';
import { checkPageChecksums } from '../../../engines/postgresql/recovery/page-checksums.ts';
import type { Programs } from '../../../engines/postgresql/recovery/programs.ts';
import { RecoveryRefused } from '../refused.ts';
import type { ServerHost } from '../server-host.ts';

export type ProveOptions = {
  host: ServerHost;
  programs: Programs;
  dataDirectory: string;
  // Where redo ended, and the least that was planned.
  reachedLsn: string;
  atLeast?: string;
  signal: AbortSignal;
};

// `notes`: what could not be checked.
export type Proven = { systemId: string; timeline: number; notes: string[] };

// Throws RestoreVerificationFailed.
export const proveDirectory = async (options: ProveOptions): Promise<Proven> => {
  const control = await readControlData(options.programs, options.dataDirectory);
  mustBeShutDown(control);
  mustReach(options);
  const unchecked = await pagesOf(options, control);
  const opened = await asVerification('', () => openAll(options, control));
  const after = await readControlData(options.programs, options.dataDirectory);
  mustBeShutDown(after);
  return { systemId: after.systemId, timeline: after.timeline, notes: [...unchecked, ...opened] };
};

const failed = (message: string): RecoveryRefused => new RecoveryRefused(refusal('RestoreVerificationFailed', message, {}));

const mustBeShutDown = ({ state }: ControlData): void => {
  if (state !== 'shut down') {
    throw failed(`The restored server was not shut down cleanly: pg_controldata says "${state}".`);
  }
};

const mustReach = ({ reachedLsn, atLeast }: ProveOptions): void => {
  if (atLeast !== undefined && lsnBytes(reachedLsn) < lsnBytes(atLeast)) {
    throw failed(`The restored server came to LSN ${reachedLsn}, and was to come to ${atLeast}.`);
  }
};

const pagesOf = async ({ programs, dataDirectory, signal }: ProveOptions, { hasChecksums }: ControlData): Promise<string[]> => {
  if (!hasChecksums) {
    return ['The server keeps no checksums of its pages, so none could be compared.'];
  }
  await asVerification('A page is damaged: ', () => checkPageChecksums(programs, dataDirectory, signal));
  return [];
};

const openAll = ({ host, programs, dataDirectory, signal }: ProveOptions, control: ControlData): Promise<string[]> =>
  host.withPrivateDirectory(async (privateDirectory) => {
    const { superuser } = await openDatabases({
      start: host.start,
      ownSettings: host.ownSettings,
      major: programs.major,
      dataDirectory,
      privateDirectory,
      control,
      signal,
    });
    return superuser === undefined ? ['No superuser of it may log in, so its databases were not opened one by one.'] : [];
  });

const asVerification = async <T>(prefix: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw error instanceof EngineError && (error.code === 'RestoreFailed' || error.code === 'VerificationFailed')
      ? failed(`${prefix}${error.message}`)
      : error;
  }
};
