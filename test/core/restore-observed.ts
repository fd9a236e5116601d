// A Restore as decisions see it, with nothing around it.
import type { Restore } from '../../src/api/objects.ts';
import type { RestoreObserved } from '../../src/core/restore/observed.ts';
import { hash, start } from './fixtures.ts';
import { onlyDb } from './restore-world.ts';

export const observed = (restore: Restore): RestoreObserved => ({
  now: start,
  restore,
  policy: onlyDb,
  namespaceTerminating: false,
  rivals: [],
  jobs: [],
  claims: [],
  agentMajors: [17],
  hash,
});
