// `approve`: that somebody has read the plan of a Restore, and that it shall be done.
import { clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import type { ApproveOptions } from './approve.ts';

export const defineApprove: Definition = (program, start) => {
  const command = program
    .command('approve')
    .summary('approve the plan of a restore that waits for it')
    .description(
      'Shows the plan of a Restore with requireApproval, asks, and writes the approval: the hash of the plan and who approved it, as the API server knows them. Without a terminal --plan-hash says which plan was read; another one is refused.',
    )
    .argument('<target>', 'restore/<name>');
  clusterOptions(command)
    .option('--plan-hash <hash>', 'the plan that was read: nothing is asked, and another plan is refused')
    .option('--timeout <duration>', 'how long a plan that is being made is waited for', '30s')
    .addHelpText(
      'after',
      examples(
        ['approve restore/shop-back -n shop', 'Read the plan, and say yes'],
        ['approve restore/shop-back -n shop --plan-hash 0123456789abcdef', 'In a script, for a plan that was read before'],
      ),
    )
    .action((target: string, options: ApproveOptions) => start(async (io) => (await import('./approve.ts')).approve(target, options, io)));
};
