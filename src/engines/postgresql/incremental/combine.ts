// The stock path: pg_combinebackup joins a whole copy and its increments, extracted side by side, into a new directory. It needs room for all of them.
import { once } from 'node:events';
import { startTool } from '../tool.ts';

const script = 'exec "$1" --manifest-checksums=CRC32C "${@:2}"';

// `directories`: the whole copy first, then its increments in their order. `output` must not exist, or be empty.
export const combineBackups = async (
  directories: readonly string[],
  output: string,
  { program = 'pg_combinebackup', durable, signal }: { program?: string; durable: boolean; signal: AbortSignal },
): Promise<void> => {
  const { stdin, stdout, ended } = startTool({
    script,
    parameters: [program, ...(durable ? [] : ['--no-sync']), `--output=${output}`, ...directories],
    signal,
    failure: { code: 'ChainBroken', what: 'pg_combinebackup', retryable: false },
  });
  stdin.end();
  stdout.resume();
  await Promise.all([ended, once(stdout, 'close')]);
};
