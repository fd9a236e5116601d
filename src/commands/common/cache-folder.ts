// The folder of this program below the user's cache directory, by the rules of the XDG base directories. Undefined: there is none.
import { isAbsolute, join } from 'node:path';

export const cacheFolder = ({ XDG_CACHE_HOME: said = '', HOME: home = '' }: NodeJS.ProcessEnv): string | undefined => {
  // A path that is not absolute does not count.
  const base = isAbsolute(said) ? said : isAbsolute(home) ? join(home, '.cache') : undefined;
  return base === undefined ? undefined : join(base, 'kubectl-holdfast');
};
