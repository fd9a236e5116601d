// `playbook`: what to do in a disaster, with the real names of a policy.
import { Argument } from 'commander';
import { clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { disasterNames } from './disasters.ts';
import type { DisasterName } from './disasters.ts';
import type { PlaybookOptions } from './playbook.ts';

export const definePlaybook: Definition = (program, start) => {
  const command = program
    .command('playbook')
    .summary('what to do in a disaster, with the names of your policy')
    .description(
      'Prints what to do first, the commands in their order, and a Restore that is ready to be applied, with the real names of the policy. Nothing is done. Where the API server is away it prints the same with names to fill in. Print it before the night on which it is needed.',
    )
    .addArgument(new Argument('<disaster>', 'what has happened').choices(disasterNames))
    .argument('[policy]', 'name of the BackupPolicy (default: the only one of the namespace)');
  clusterOptions(command)
    .option('--time <time>', 'the moment to go back to, with its offset (default: the newest that can be reached)')
    .addHelpText(
      'after',
      examples(
        ['playbook ransomware shop -n shop', 'Somebody encrypts the disks'],
        ['playbook accidental-delete -n shop --time 2026-11-22T14:03:07Z', 'A table was dropped at 14:03:08'],
        ['playbook region-loss shop -n shop > region-loss.txt', 'A page for the folder that lies beside the safe'],
      ),
    )
    .action((disaster: DisasterName, policy: string | undefined, options: PlaybookOptions) =>
      start(async (io) => (await import('./playbook.ts')).playbook(disaster, policy, options, io)),
    );
};
