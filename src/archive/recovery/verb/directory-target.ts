// A data directory as the target of a Job: what the plan is told about it, and the programs that it needs here and in the container beside.
import type { DirectoryPlan } from '../../../api/recover.ts';
import type { Link } from '../../../core/recovery/choose.ts';
import type { Target } from '../../../core/recovery/plan.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import { findPrograms } from '../../../engines/postgresql/recovery/programs.ts';
import type { Programs } from '../../../engines/postgresql/recovery/programs.ts';
import { runnerVersion } from '../../../engines/postgresql/recovery/runner-server.ts';
import { RecoveryRefused } from '../refused.ts';

// Room and what is there now are looked at by the Job that mounts the volume.
export const directoryAsPlanned = ({ path, claimName }: DirectoryPlan): Target => ({
  kind: 'directory',
  path: `${path} of the claim ${claimName}`,
});

export const majorOfLink = ({ component }: Link): number => Number.parseInt(component.facts.versions['postgresql'] ?? '', 10);

// PostgreSQL of the backup's major version, here. Throws VersionMismatch.
export const needPrograms = async (last: Link): Promise<Programs> => {
  const major = majorOfLink(last);
  const programs = await findPrograms(major, 'pg_controldata');
  if (programs === undefined) {
    throw versionMismatch(`The backup is of PostgreSQL ${major}, and this Job has an image of another major version.`);
  }
  return programs;
};

// The server beside us is of the backup's major version. Throws VersionMismatch.
export const needServer = async (runPath: string, last: Link, signal: AbortSignal): Promise<void> => {
  const major = majorOfLink(last);
  const version = await runnerVersion(runPath, signal);
  if (version === '') {
    throw versionMismatch('The image of the server (postgresql.image) holds no program `postgres` where it is looked for.');
  }
  if (Number.parseInt(version, 10) !== major) {
    throw versionMismatch(
      `The image of the server (postgresql.image) has PostgreSQL ${version}, and the backup is of PostgreSQL ${major}.`,
    );
  }
};

const versionMismatch = (message: string): RecoveryRefused => new RecoveryRefused(refusal('VersionMismatch', message, {}));
