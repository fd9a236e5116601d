// What belongs to no database: roles with their password hashes, memberships, settings. Without it a dump cannot be restored as it was.
import type { Readable } from 'node:stream';
import { EngineError } from '../../engine.ts';
import type { StreamedArtifact } from '../../engine.ts';
import { readAll } from '../read-all.ts';
import { feed } from '../feed.ts';
import { startTool } from '../tool.ts';
import { connectionString } from '../tool-environment.ts';

const script = `pg_dumpall --globals-only --no-password --dbname="$1" | zstd -q -3`;
const lastLine = '-- PostgreSQL database cluster dump complete';
const largestBytes = 256 * 1024 ** 2;

export const globalsDump = ({ environment, database }: { environment: Record<string, string>; database: string }): StreamedArtifact => ({
  name: 'globals.sql',
  open: (signal) => {
    const { stdin, stdout, ended } = startTool({
      script,
      parameters: [connectionString(database)],
      environment,
      signal,
      failure: { code: 'SourceFailed', what: 'pg_dumpall --globals-only', retryable: true },
    });
    stdin.end();
    return Promise.resolve({ stream: stdout, ended });
  },
  async readBack(stream: Readable, signal) {
    const tool = startTool({
      script: 'exec zstd -dcq',
      signal,
      failure: { code: 'VerificationFailed', what: 'Reading the stored globals back', retryable: true },
    });
    const [, content] = await Promise.all([feed(stream, tool), readAll(tool.stdout, largestBytes), tool.ended]);
    if (!content.includes(lastLine)) {
      throw new EngineError('VerificationFailed', 'The stored globals do not end as pg_dumpall ends them: they are not whole.', {
        retryable: true,
      });
    }
    return { derived: [] };
  },
});
