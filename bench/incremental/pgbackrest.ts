// pgBackRest: a differential on the Full, large files in blocks, small ones in bundles. Without WAL, as in bench/full.
import type { Repository } from '../common/chain.ts';
import type { Contestant } from '../common/contestant.ts';
import { measure, runQuietly } from '../common/measure.ts';
import { makeStanza, pgbackrestWords } from '../common/pgbackrest.ts';
import { repositoryOf } from '../common/plans.ts';
import { added, storedIn } from '../common/stored.ts';

export const pgbackrest = async (repository: Repository): Promise<Contestant> => {
  const { target } = repository;
  const configuration = await makeStanza(target, true, repository);
  await runQuietly(pgbackrestWords(configuration, ['backup', '--type=full']));
  const files = repositoryOf(target, repository);
  return {
    name: 'pgbackrest-block',
    target,
    async run() {
      const before = await storedIn(files);
      const measured = await measure({ words: pgbackrestWords(configuration, ['backup', '--type=diff']) });
      return { ...measured, stored: added(before, await storedIn(files)) };
    },
  };
};
