// `plan`: what would be done, and nothing done. Of a store: `plan restore <options>`; of a Restore in the cluster: `plan restore/<name>`.
import { Option } from 'commander';
import { clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { recoveryOptions } from '../restore/options.ts';
import type { RecoveryOptions } from '../restore/options.ts';
import type { ShowOptions } from './show.ts';

export type PlanOptions = RecoveryOptions & { output?: 'json' | 'yaml' };

export const definePlan: Definition = (program, start) => {
  const plan = program
    .command('plan')
    .summary('what a restore would read, take and lose')
    .description(
      'Shows what would be done. Nothing is changed. `plan restore/<name>` (short for `plan show restore/<name>`) is about a Restore in the cluster, `plan restore --from …` about a store, without any cluster.',
    )
    .usage('restore/<name> [options]\n       kubectl holdfast plan restore --from <location> [options]');
  defineShow(plan, start);
  const command = plan
    .command('restore')
    .summary('what `restore` with the same options would do, without any cluster')
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

const defineShow: Definition = (plan, start) => {
  const command = plan
    .command('show', { isDefault: true })
    .summary('the plan of a Restore in the cluster')
    .description(
      'Shows the plan of a Restore in the cluster: what is read, what is overwritten, what is lost, how long it takes, and the hash that an approval names. While the plan is being made it is waited for.',
    )
    .usage('restore/<name> [options]')
    .argument('<target>', 'restore/<name>');
  clusterOptions(command)
    .option('--timeout <duration>', 'how long a plan that is being made is waited for', '30s')
    .addOption(new Option('-o, --output <format>', 'for tools: status.plan').choices(['json', 'yaml']))
    .addHelpText(
      'after',
      examples(
        ['plan restore/shop-back -n shop', 'What will be overwritten, and what is lost?'],
        ['plan restore/shop-back -n shop -o json | jq -r .hash', 'The hash that an approval names'],
      ),
    )
    .action((target: string, options: ShowOptions) => start(async (io) => (await import('./show.ts')).showPlan(target, options, io)));
};
