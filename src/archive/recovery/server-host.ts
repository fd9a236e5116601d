// Who runs the servers of a recovery, and where they keep their sockets and settings.
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localServer } from '../../engines/postgresql/recovery/local-server.ts';
import { runnerServer } from '../../engines/postgresql/recovery/runner-server.ts';
import type { Programs } from '../../engines/postgresql/recovery/programs.ts';
import type { StartServer } from '../../engines/postgresql/recovery/server-start.ts';
import type { Owner } from './request.ts';

export type ServerHost = {
  readonly start: StartServer;
  // Whether settings of the data directory are left out.
  readonly ownSettings: boolean;
  // The process that fills the spool, where the server runs among the same processes.
  readonly feeder?: number;
  // Gives `work` an empty folder of the server's user, with a short path.
  withPrivateDirectory<T>(work: (directory: string) => Promise<T>): Promise<T>;
};

// On this machine, by its own program.
export const hostHere = ({ directory }: Programs, owner: Owner | undefined, dropsPrivileges: boolean): ServerHost => ({
  start: localServer(join(directory, 'postgres'), dropsPrivileges ? owner : undefined),
  ownSettings: false,
  feeder: process.pid,
  withPrivateDirectory: async (work) => inFolder(await mkdtemp(join(tmpdir(), 'hf-')), owner, work),
});

// In the container beside this one, which sees the same folder.
export const hostBeside = (runPath: string, owner: Owner | undefined): ServerHost => ({
  start: runnerServer(runPath),
  ownSettings: true,
  async withPrivateDirectory(work) {
    const folder = join(runPath, 's');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    return inFolder(folder, owner, work);
  },
});

const inFolder = async <T>(folder: string, owner: Owner | undefined, work: (directory: string) => Promise<T>): Promise<T> => {
  try {
    if (owner !== undefined) {
      await chown(folder, owner.uid, owner.gid);
    }
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
