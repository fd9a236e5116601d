// `restore`: from the store to a data directory, on any machine, without a cluster.
import { examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { recoveryOptions } from './options.ts';
import type { RecoveryOptions } from './options.ts';

export const defineRestore: Definition = (program, start) => {
  const command = program
    .command('restore')
    .summary('bring a database back from a store, without any cluster')
    .description(
      'Restores a PostgreSQL component from a repository to a folder. It needs the store, the identity out of the safe, and zstd and tar on this machine; no cluster. Signatures, digests and sizes are checked, settings that would act on the world are taken out of force (holdfast.conf in the folder lists them), and the folder appears whole or not at all. Exit code 4: refused, with the reason and the command that would work.',
    );
  recoveryOptions(command)
    .addHelpText(
      'after',
      examples(
        [
          'restore --from /mnt/usb/shop/shop --identity identity.txt --latest --to /var/lib/postgresql/restored',
          'The newest point, from a folder',
        ],
        [
          'restore --from s3://holdfast/shop/shop --endpoint https://s3.example.org --identity identity.txt --backup 20261122T020000Z-full-3f9a1c04 --to restored',
          'One backup, from a bucket; the credentials come from the environment',
        ],
      ),
    )
    .action((options: RecoveryOptions) => start(async (io) => (await import('./restore.ts')).restore(options, io)));
};
