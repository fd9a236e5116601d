// Has a server recover what a backup brought itself, and shut down cleanly: without an archive, and on the same timeline.
import { readControlData } from '../../../engines/postgresql/recovery/control-data.ts';
import type { Programs } from '../../../engines/postgresql/recovery/programs.ts';
import { replay as runServer } from '../../../engines/postgresql/recovery/replay-server.ts';
import type { RecoveryContext } from '../context.ts';
import { giveTo } from '../give-to.ts';
import type { Owner } from '../request.ts';
import type { ServerHost } from '../server-host.ts';

export type OpenDirectoryOptions = { host: ServerHost; programs: Programs; dataDirectory: string; owner: Owner | undefined };

// `lsn`: from there on the files fit together: the end of the backup.
export const openDirectory = (
  { host, programs, dataDirectory, owner }: OpenDirectoryOptions,
  { signal }: RecoveryContext,
): Promise<{ lsn: string; timeline: number }> =>
  host.withPrivateDirectory(async (privateDirectory) => {
    await giveTo(owner, dataDirectory);
    const { consistentLsn } = await runServer({
      start: host.start,
      ownSettings: host.ownSettings,
      major: programs.major,
      dataDirectory,
      privateDirectory,
      control: await readControlData(programs, dataDirectory),
      signal,
    });
    const { timeline, checkpointLsn } = await readControlData(programs, dataDirectory);
    return { lsn: consistentLsn ?? checkpointLsn, timeline };
  });
