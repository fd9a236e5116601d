// The policy that a run names.
import type { BackupPolicy } from '../api/objects.ts';
import type { OperatorContext } from './context.ts';
import { backupPolicies } from './resources.ts';

// A policy and its first run are often made together, and the cache may know of the run first. `ask`: then the API server is asked.
export const policyOf = async (
  { client, caches }: Pick<OperatorContext, 'client' | 'caches'>,
  ref: { namespace: string; name: string },
  ask: boolean,
): Promise<BackupPolicy | undefined> => {
  const known = caches.policies.cache.get(ref);
  return known !== undefined || !ask ? known : client.get<BackupPolicy>(backupPolicies, ref);
};
