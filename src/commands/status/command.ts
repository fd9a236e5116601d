// `status`: how a policy stands, and what could be lost right now.
import { allNamespacesOption, clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { outputOption } from '../common/output.ts';
import type { StatusOptions } from './status.ts';

export const defineStatus: Definition = (program, start) => {
  const command = program
    .command('status')
    .summary('how policies stand, and what could be lost right now')
    .description(
      'Shows one policy: its conditions, what could be lost right now, its tiers, what runs and what comes next, Restores that go on, and the newest one that has ended with the command that undoes it. Without a name: a table of all policies of the namespace.',
    )
    .argument('[policy]', 'name of a BackupPolicy');
  outputOption(allNamespacesOption(clusterOptions(command)))
    .addHelpText(
      'after',
      examples(
        ['status shop -n shop', 'One policy'],
        ['status -A', 'All policies of the cluster'],
        ["status shop -n shop -o json | jq '.exposure.seconds'", 'How many seconds of work could be lost; null where it is not known'],
      ),
    )
    .action((policy: string | undefined, options: StatusOptions) =>
      start(async (io) => (await import('./status.ts')).status(policy, options, io)),
    );
};
