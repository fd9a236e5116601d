// `list`: the backups of a policy, from the cluster, or from the store itself without any cluster.
import { allNamespacesOption, clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { outputOption } from '../common/output.ts';
import { collect, storeOptions } from '../common/store-options.ts';
import type { ListOptions } from './list.ts';

export const defineList: Definition = (program, start) => {
  const command = program
    .command('list')
    .summary('the backups of a policy, or of a store without any cluster')
    .description(
      'Lists the Backups of a policy or namespace. With --from it reads a repository itself, needs no cluster, and shows of each backup whether it is genuine and whole: every manifest is read, its signature checked, and every object that it names looked for. Exit code then: 1 where a backup failed the check, 5 where something could not be determined, 3 where there is no repository.',
    )
    .argument('[policy]', 'only the Backups of this BackupPolicy');
  storeOptions(outputOption(allNamespacesOption(clusterOptions(command))))
    .option('--from <location>', 'read a repository: a folder, or s3://<bucket>/<prefix>')
    .option(
      '--verification-key <file>',
      'whose signatures to believe: verification-keys.yaml or identity.txt of keygen (repeatable)',
      collect,
    )
    .option('--check', 'look for every object of a large repository now, whatever its newest snapshot says')
    .addHelpText(
      'after',
      examples(
        ['list shop -n shop', 'The Backups of one policy'],
        ['list -A -o wide', 'All Backups of the cluster, with all columns'],
        ['list --from /mnt/usb/shop/shop --verification-key verification-keys.yaml', 'What a folder holds, without a cluster'],
        [
          'list --from s3://holdfast/shop/shop --endpoint https://s3.example.org --verification-key identity.txt',
          'What a bucket holds; the credentials come from the environment',
        ],
      ),
    )
    .action((policy: string | undefined, options: ListOptions) =>
      start(async (io) => (await import('./list.ts')).list(policy, options, io)),
    );
};
