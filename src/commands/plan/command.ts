// `plan`: what would be done, and nothing done.
import { Option } from 'commander';
import { examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { recoveryOptions } from '../restore/options.ts';
import type { RecoveryOptions } from '../restore/options.ts';

export type PlanOptions = RecoveryOptions & { output?: 'json' | 'yaml' };

export const definePlan: Definition = (program, start) => {
  const plan = program
    .command('plan')
    .summary('what a restore would read, take and lose')
    .description('Shows what would be done. Nothing is changed.');
  const command = plan
    .command('restore')
    .summary('the plan of a restore')
    .description(
      'Shows what `restore` with the same options would do: which backups it reads, how many bytes, how much room it takes, what is lost. Without --identity it does not know whether the backup can be opened, and how much room it takes. Exit code 4: it would be refused.',
    );
  recoveryOptions(command)
    .addOption(new Option('-o, --output <format>', 'for tools').choices(['json', 'yaml']))
    .addHelpText(
      'after',
      examples([
        'plan restore --from /mnt/usb/shop/shop --identity identity.txt --latest --to restored',
        'What would the newest point take?',
      ]),
    )
    .action((options: PlanOptions) => start(async (io) => (await import('./plan-restore.ts')).planRestore(options, io)));
};
