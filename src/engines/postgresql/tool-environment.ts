// What libpq's own tools are told: names by environment, the password by a file that only we can read. Nothing secret stands in argv or environment.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from './client.ts';
import { applicationName } from './client.ts';
import type { Login } from './login.ts';

export type ToolLogin = {
  readonly environment: Record<string, string>;
  // Removes the file.
  close(): Promise<void>;
};

const connectSeconds = '15';

// A dead network is noticed after a minute and a half, not after two hours.
const keepAlive = 'keepalives=1 keepalives_idle=30 keepalives_interval=15 keepalives_count=4';

// The folder for temporary files is memory in a pod.
export const toolLogin = async ({ host, port, sslMode, caFile }: Server, { user, password }: Login): Promise<ToolLogin> => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const passfile = join(folder, 'pgpass');
  await writeFile(passfile, `*:*:*:*:${password.replaceAll(/[\\:]/g, String.raw`\$&`)}\n`, { mode: 0o600 });
  return {
    environment: {
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSFILE: passfile,
      PGSSLMODE: sslMode,
      ...(caFile === undefined ? {} : { PGSSLROOTCERT: caFile }),
      PGAPPNAME: applicationName,
      PGCONNECT_TIMEOUT: connectSeconds,
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
};

// The connection string of a tool for one database.
export const connectionString = (database: string): string => `dbname='${database.replaceAll(/[\\']/g, String.raw`\$&`)}' ${keepAlive}`;
