// `restore`: from the store to a data directory, on any machine, without a cluster; with --emergency in place, in the cluster.
import { examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { emergencyOptions, mustFit } from '../emergency/options.ts';
import type { EmergencyOptions } from '../emergency/options.ts';
import { recoveryOptions } from './options.ts';

export const defineRestore: Definition = (program, start) => {
  const command = program
    .command('restore')
    .summary('bring a database back: from a store without any cluster, or in the cluster with --emergency')
    .description(
      'Restores a PostgreSQL component from a repository to a folder. It needs the store, the identity out of the safe, and zstd and tar on this machine; no cluster. Signatures, digests and sizes are checked, settings that would act on the world are taken out of force (holdfast.conf in the folder lists them), and the folder appears whole or not at all. Exit code 4: refused, with the reason and the command that would work.\n\nWith --emergency it makes a Restore in the cluster, in place: it shows what is needed and what happens, asks for the name of the policy, follows the restore and says how long it took and how to undo it. Without a terminal and without --confirm it refuses. Ctrl-C leaves; the restore goes on in the cluster, unless the identity was lent by this command: then the first Ctrl-C only warns.',
    );
  emergencyOptions(recoveryOptions(command))
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
        [
          'restore --emergency latest -n shop --identity identity.txt',
          'In the cluster, in place: the newest point, at three in the morning',
        ],
        [
          'restore --emergency -n shop --to-time 2026-11-22T14:03:07+01:00 --identity identity.txt --stop deployment/web',
          'As of the moment before the mistake, with the application stopped meanwhile',
        ],
        [
          'restore --emergency latest -n shop --identity-secret shop-identity --confirm shop/shop -o json',
          'In a script: nothing is asked, and one document is printed',
        ],
      ),
    )
    .action((options: EmergencyOptions) =>
      start(async (io) => {
        mustFit(options);
        return options.emergency === undefined
          ? (await import('./restore.ts')).restore(options, io)
          : (await import('../emergency/emergency.ts')).emergency(options, io);
      }),
    );
};
