// The two works of `adopt`: a bucket becomes a policy that reads it, and a policy becomes the writer.
import type { ExitCode } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import { mustFit } from './options.ts';
import type { AdoptOptions } from './options.ts';

const usualTimeout = '10m';

export const adopt = async (policy: string | undefined, options: AdoptOptions, io: Io): Promise<ExitCode> => {
  mustFit(policy, options);
  return policy === undefined
    ? (await import('./adopt-bucket.ts')).adoptBucket(options, io)
    : (await import('./take-over.ts')).takeOver(policy, { timeout: usualTimeout, ...options }, io);
};
