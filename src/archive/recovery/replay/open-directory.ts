// Has a server recover what a backup brought itself, and shut down cleanly. It goes on with a timeline of its own: on the old one its WAL would be another
// than that which the server wrote behind the backup, and an increment on a backup of that would be wrong without anybody noticing.
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { readControlData } from '../../../engines/postgresql/recovery/control-data.ts';
import type { Programs } from '../../../engines/postgresql/recovery/programs.ts';
import { replay as runServer } from '../../../engines/postgresql/recovery/replay-server.ts';
import { makeSpool, restoreCommand } from '../../../engines/postgresql/recovery/restore-command.ts';
import type { RecoveryContext } from '../context.ts';
import { giveTo } from '../give-to.ts';
import type { Owner } from '../request.ts';
import type { ServerHost } from '../server-host.ts';
import { startFeeder } from './feeder.ts';
import type { Supply } from './supply.ts';
import { writeUsed } from './used-timelines.ts';
import type { UsedTimelines } from './used-timelines.ts';

export type OpenDirectoryOptions = {
  host: ServerHost;
  programs: Programs;
  dataDirectory: string;
  // A folder for the spool, on the same file system.
  workDirectory: string;
  owner: Owner | undefined;
  // Of the backup.
  timeline: number;
  usedTimelines: UsedTimelines;
};

// `lsn`: from there on the files fit together: the end of the backup.
export const openDirectory = (options: OpenDirectoryOptions, { signal }: RecoveryContext): Promise<{ lsn: string; timeline: number }> =>
  options.host.withPrivateDirectory(async (privateDirectory) => {
    const { host, programs, dataDirectory, workDirectory, owner, timeline } = options;
    const spool = await makeSpool(join(workDirectory, 'spool'), host.feeder);
    await giveTo(owner, spool.directory, dataDirectory);
    if (owner !== undefined) {
      await chown(workDirectory, owner.uid, owner.gid);
    }
    const feeder = startFeeder({ spool, supply: numbersOnly(options), owner, signal });
    try {
      const { consistentLsn } = await runServer({
        start: host.start,
        ownSettings: host.ownSettings,
        major: programs.major,
        dataDirectory,
        privateDirectory,
        control: await readControlData(programs, dataDirectory),
        archive: { restoreCommand: restoreCommand(spool), timeline, target: {} },
        signal,
      });
      const after = await readControlData(programs, dataDirectory);
      return { lsn: consistentLsn ?? after.checkpointLsn, timeline: after.timeline };
    } finally {
      await feeder.stop();
    }
  });

// No WAL: the backup has all that is wanted of it.
const numbersOnly = ({ timeline, usedTimelines }: OpenDirectoryOptions): Supply => ({
  order: [],
  async write(name, path) {
    const [, asked] = /^([0-9A-F]{8})\.history$/.exec(name) ?? [];
    const number = asked === undefined ? 0 : Number.parseInt(asked, 16);
    const isUsed = number > timeline && (await usedTimelines()).has(number);
    await (isUsed ? writeUsed(path) : undefined);
    return isUsed;
  },
});
