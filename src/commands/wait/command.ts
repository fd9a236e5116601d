// `wait`: until a backup or a restore has ended, or a policy is as it should be.
import { Option } from 'commander';
import { clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { goalNames } from './target.ts';
import type { WaitOptions } from './wait.ts';

export const defineWait: Definition = (program, start) => {
  const command = program
    .command('wait')
    .summary('wait for a backup, a restore or a policy, and end at once when it failed')
    .description(
      'Waits for a Backup or a Restore to be complete, or for a BackupPolicy to be ready or to meet its RPO. Other than `kubectl wait` it ends at once, with 1, the reason and the next step, when that can no longer come by itself: the run failed, in part or whole, or it waits for a person or for an approval. A Restore that was refused, and has changed nothing, ends with 4.',
    )
    .argument('<target>', 'backup/<name>, restore/<name> or policy/<name>');
  clusterOptions(command)
    .addOption(
      new Option(
        '--for <goal>',
        'what is waited for; rpo is of policies only (default: complete for a backup and a restore, ready for a policy)',
      ).choices(goalNames),
    )
    .option('--timeout <duration>', 'how long to wait at most, such as 30m or 2h (default: no limit)')
    .addHelpText(
      'after',
      examples(
        ['wait backup/shop-full-202611220200 -n shop', 'Until that backup is complete'],
        ['wait restore/shop-back -n shop --timeout 1h', 'Until that restore is verified'],
        ['wait policy/shop -n shop --timeout 2m', 'Until the policy is armed, after `kubectl apply`'],
        ['wait policy/shop -n shop --for rpo --timeout 1h', 'Until no more can be lost than the objective allows'],
      ),
    )
    .action((target: string, options: WaitOptions) => start(async (io) => (await import('./wait.ts')).wait(target, options, io)));
};
