// Some manifests of a repository, for whoever wants to know what was backed up. Only those that could be believed.
import type { TierPlan, VerificationKey } from '../api/agent.ts';
import type { Manifest } from '../api/stored/backup.ts';
import { openStore } from '../stores/open.ts';
import { openSource, readBackups } from './recovery/source.ts';

export const readManifests = async (
  location: TierPlan['location'],
  verificationKeys: readonly VerificationKey[],
  ids: readonly string[],
): Promise<Manifest[]> => {
  const store = await openStore(location);
  try {
    const source = await openSource(store, verificationKeys);
    await readBackups(source, ids);
    return ids.flatMap((id) => source.known.get(id)?.manifest ?? []);
  } finally {
    await store.close();
  }
};
