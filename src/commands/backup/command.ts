// `backup`: one more backup now.
import { clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { outputOption } from '../common/output.ts';
import type { BackupOptions } from './backup.ts';

export const defineBackup: Definition = (program, start) => {
  const command = program
    .command('backup')
    .summary('start a backup now')
    .description(
      'Creates a Backup of a policy and prints its name. Works for a suspended policy too. With --wait it ends when the Backup has ended: 0 where it is complete, 1 where it failed, in part or whole.',
    )
    .argument('<policy>', 'name of the BackupPolicy');
  outputOption(clusterOptions(command))
    .option(
      '--type <type>',
      'Full, Differential (since the last Full), Incremental (since the last backup) or Log (proof that the WAL up to now is archived)',
      'Full',
    )
    .option('--components <names>', 'only these components, separated by commas (default: all)')
    .option('--name <name>', 'name of the Backup (default: <policy>-manual-<time>)')
    .option('--wait', 'follow it until it has ended')
    .option('--timeout <duration>', 'how long to wait at most, such as 30m or 2h (default: no limit)')
    .addHelpText(
      'after',
      examples(
        ['backup shop -n shop', 'Start a backup of everything'],
        ['backup shop -n shop --wait --timeout 1h', 'Start it and wait, before an upgrade'],
        ['backup shop -n shop --type Incremental', 'Only what changed since the last backup'],
        ['backup shop -n shop --type Log --wait', 'Until everything that is committed now is in the archive of WAL'],
        ['backup shop -n shop --components db', 'Only the component "db"'],
      ),
    )
    .action((policy: string, options: BackupOptions) => start(async (io) => (await import('./backup.ts')).backup(policy, options, io)));
};
