// `adopt`: take a repository over from whoever writes it.
import { clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import type { AdoptOptions } from './adopt.ts';

export const defineAdopt: Definition = (program, start) => {
  const command = program
    .command('adopt')
    .summary('make this policy the writer of what its tiers hold')
    .description(
      'One repository has one writer: a policy of one cluster. A policy whose tiers hold the repository of another one may read it, and is refused at its first backup. With --take-over it becomes the writer, on every tier of the policy, and the other one stops: its agents are refused from then on, and what they still finish is not believed. Nothing is deleted, and every backup stays restorable. Meant for a cluster that is lost; where both are alive, suspend the other policy first.',
    )
    .argument('<policy>', 'name of the BackupPolicy');
  clusterOptions(command)
    .option('--take-over', 'become the writer; without it nothing is done')
    .option('--confirm <namespace/policy>', 'the policy that becomes the writer, written out')
    .option('--timeout <duration>', 'how long to wait at most', '10m')
    .addHelpText(
      'after',
      examples(['adopt shop -n shop --take-over --confirm shop/shop', 'Go on with the backups of a cluster that is lost']),
    )
    .action((policy: string, options: AdoptOptions) => start(async (io) => (await import('./adopt.ts')).adopt(policy, options, io)));
};
