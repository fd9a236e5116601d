// A whole directory as one compressed tar stream, and the proof that a stream is that directory. Raw bytes go between tar and zstd only.
import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import type { StreamedArtifact } from '../../engine.ts';
import { EngineError } from '../../engine.ts';
import { feed } from '../feed.ts';
import { startTool } from '../tool.ts';

const compressionLevel = 3;
const mostWorkers = 2;

// Links stay links: what they point to is not copied, and not touched either. Times are kept to the nanosecond.
const copyScript = `tar --create --file=- --directory="$1" --format=posix --sort=name --numeric-owner --one-file-system . \
  | zstd -q -${compressionLevel} -T$2`;
// Says every member on stdout, and fails where one differs from what lies in the directory.
const compareScript = `zstd -dcq | tar --compare --verbose --file=- --directory="$1" --numeric-owner`;
// As root with the owners of before, else as whoever extracts.
const extractScript = `zstd -dcq | tar --extract --file=- --directory="$1" --numeric-owner --same-permissions`;

// Nothing writes to the directory meanwhile. `entries`: so many members the stream must have.
export const directoryArtifact = (name: string, directory: string, entries: number): StreamedArtifact => ({
  name,
  async open(signal) {
    const { stdin, stdout, ended } = startTool({
      script: copyScript,
      parameters: [directory, String(Math.min(mostWorkers, availableParallelism()))],
      signal,
      failure: { code: 'SourceFailed', what: 'Copying the old data directory', retryable: true },
    });
    stdin.end();
    return { stream: stdout, ended };
  },
  async readBack(stream, signal) {
    const members = await compare(stream, directory, signal);
    if (members !== entries) {
      throw new EngineError('VerificationFailed', `The copy has ${members} members, and the directory ${entries}.`);
    }
    return { derived: [] };
  },
});

const compare = async (stream: Readable, directory: string, signal: AbortSignal): Promise<number> => {
  const tool = startTool({
    script: compareScript,
    parameters: [directory],
    signal,
    failure: { code: 'VerificationFailed', what: 'Comparing the stored copy with the old data directory', retryable: true },
  });
  const counting = countLines(tool.stdout);
  await runOver(stream, tool);
  return counting;
};

// Puts a copy back into an empty directory.
export const extractDirectory = (stream: Readable, directory: string, signal: AbortSignal): Promise<void> => {
  const tool = startTool({
    script: extractScript,
    parameters: [directory],
    signal,
    failure: { code: 'RestoreFailed', what: `Unpacking the copy into ${directory}`, retryable: true },
  });
  tool.stdout.resume();
  return runOver(stream, tool);
};

// Where the stream breaks, tar must have ended before anybody clears up behind it.
const runOver = async (stream: Readable, tool: ReturnType<typeof startTool>): Promise<void> => {
  const [fed] = await Promise.allSettled([feed(stream, tool), tool.ended]);
  if (fed.status === 'rejected') {
    throw fed.reason;
  }
  await tool.ended;
};

const countLines = async (stream: Readable): Promise<number> => {
  let count = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      count += byte === newline ? 1 : 0;
    }
  }
  return count;
};

const newline = 10;
