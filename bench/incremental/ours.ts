// Holdfast: an increment on the Full. The clock stops at the last uploaded byte, as in bench/full; `extra` has the whole run. What is stored is all that the backup added.
import { makeBackup } from '../common/chain.ts';
import type { Repository } from '../common/chain.ts';
import type { Contestant } from '../common/contestant.ts';
import type { Keys } from '../common/keys.ts';
import { repositoryOf } from '../common/plans.ts';
import { added, storedIn } from '../common/stored.ts';

export const ours = async (repository: Repository, keys: Keys): Promise<Contestant> => {
  const { id } = await makeBackup(repository, keys);
  const files = repositoryOf(repository.target, repository);
  return {
    name: 'holdfast',
    target: repository.target,
    async run() {
      const before = await storedIn(files);
      const { uploaded, dump } = await makeBackup(repository, keys, id);
      return {
        ...uploaded,
        peakRssMiB: dump.peakRssMiB,
        stored: added(before, await storedIn(files)),
        extra: { totalSeconds: dump.seconds, totalCpuSeconds: dump.cpuSeconds },
      };
    },
  };
};
