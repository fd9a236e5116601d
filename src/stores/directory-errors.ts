// From errors of the file system to errors of a store.
import { StoreError } from './errors.ts';

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

export const isTaken = (error: unknown): boolean => codeOf(error) === 'EEXIST';

const cannotLink = (error: unknown): boolean =>
  error instanceof Error &&
  'syscall' in error &&
  error.syscall === 'link' &&
  ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error) ?? '');

// Says what happened to the volume and what to do. Errors that are already a store's, and aborts, pass as they are.
export const directoryError = (error: unknown, root: string): unknown => {
  if (cannotLink(error)) {
    return new StoreError(
      'StoreMisconfigured',
      `The file system of ${root} has no hard links, and without them an object could be seen half written. Use another kind of volume.`,
      { cause: error },
    );
  }
  switch (codeOf(error) ?? '') {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StoreError('StoreFull', `The volume of ${root} is full. Make it larger; what was half written is removed.`, {
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StoreError(
        'AccessDenied',
        `${root} may not be written or read by this user. Give the group of the agents (fsGroup) access to the volume.`,
        {
          cause: error,
        },
      );
    case 'EIO':
    case 'ESTALE':
    case 'ENODEV':
    case 'ETIMEDOUT':
      return new StoreError(
        'StoreUnavailable',
        `The volume of ${root} does not answer: ${String(codeOf(error))}. Look at its disk or its server.`,
        {
          retryable: true,
          cause: error,
        },
      );
    case 'ENOENT':
    case 'ENOTDIR':
      return new StoreError('StoreMisconfigured', `${root} is no folder that can be used. Check where the volume is mounted.`, {
        cause: error,
      });
    default:
      return error;
  }
};
