// Reads every page of a data directory that was cleanly shut down, and compares its checksum: PostgreSQL's own pg_checksums.
import { join } from 'node:path';
import { startTool } from '../tool.ts';
import type { Programs } from './programs.ts';

// Throws VerificationFailed with the page.
export const checkPageChecksums = async ({ directory }: Programs, dataDirectory: string, signal: AbortSignal): Promise<void> => {
  const tool = startTool({
    script: 'exec "$1" --check --pgdata="$2" </dev/null >&2',
    parameters: [join(directory, 'pg_checksums'), dataDirectory],
    signal,
    failure: { code: 'VerificationFailed', what: 'pg_checksums', retryable: false },
  });
  tool.stdin.end();
  tool.stdout.resume();
  await tool.ended;
};
