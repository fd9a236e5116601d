// pgBackRest: its full backup, in files or in bundles and blocks.
import type { Contestant, Target } from '../common/contestant.ts';
import { measure } from '../common/measure.ts';
import { makeStanza, pgbackrestWords } from '../common/pgbackrest.ts';
import { repositoryOf } from '../common/plans.ts';
import { storedIn } from '../common/stored.ts';

export const pgbackrest = (target: Target, bundled: boolean): Contestant => ({
  name: bundled ? 'pgbackrest-bundle' : 'pgbackrest',
  target,
  async run(turn) {
    const configuration = await makeStanza(target, bundled, turn);
    const measured = await measure({ words: pgbackrestWords(configuration, ['backup', '--type=full']) });
    return { ...measured, stored: await storedIn(repositoryOf(target, turn)) };
  },
});
