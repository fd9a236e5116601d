// `adopt`: read the store of a cluster that is lost, and take a repository over from whoever writes it.
import { Option } from 'commander';
import { clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { collect, storeOptions } from '../common/store-options.ts';
import type { AdoptOptions } from './options.ts';

export const defineAdopt: Definition = (program, start) => {
  const command = program
    .command('adopt')
    .summary('bring a store into a new cluster, and become its writer')
    .description(
      'With --bucket: the cluster is new and has nothing of what the bucket holds. Reads and verifies the repository from here, shows what is in it, and makes a policy from it, suspended, with the Secrets that it needs: its catalogue appears in the cluster, and Restores work from it. Nothing is written to the bucket. Needs identity.txt out of the safe.\n\nWith a policy and --take-over: one repository has one writer, a policy of one cluster. The policy becomes the writer, on every tier that it has, and the other one stops: its agents are refused from then on, and what they still finish is not believed. Nothing is deleted, and every backup stays restorable. Meant for a cluster that is lost; where both are alive, suspend the other policy first.',
    )
    .argument('[policy]', 'name of the BackupPolicy that becomes the writer');
  storeOptions(clusterOptions(command))
    .option('--bucket <name>', 'the bucket that is adopted')
    .option('--prefix <path>', 'with --bucket: where the policy lived in it; <namespace>/<policy> where its tier named none')
    .option('--identity <file>', 'with --bucket: identity.txt of keygen, out of the safe (repeatable)', collect)
    .option(
      '--verification-key <file>',
      'with --bucket: further keys whose signatures to believe; those in identity.txt always are (repeatable)',
      collect,
    )
    .option('--name <policy>', 'with --bucket: name of the new BackupPolicy (default: that of the writer)')
    .option('--credentials-secret <name>', "with --bucket: a Secret of the namespace with the store's credentials; none is made then")
    .option('--dry-run', 'with --bucket: the API server checks everything, and nothing is made')
    .addOption(
      new Option('-o, --output <format>', 'with --bucket: print the manifests instead, with the secrets in them').choices(['json', 'yaml']),
    )
    .option('--take-over', 'become the writer; without it nothing is done')
    .option('--confirm <namespace/policy>', 'with --take-over: the policy that becomes the writer, written out')
    .option('--timeout <duration>', 'with --take-over: how long to wait at most (default: 10m)')
    .addHelpText(
      'after',
      examples(
        [
          'adopt --bucket holdfast --prefix shop/shop --endpoint https://s3.example.org --identity identity.txt -n shop',
          'A new cluster: see and restore what the bucket holds; the credentials come from the environment',
        ],
        [
          'adopt --bucket holdfast --prefix shop/shop --identity identity.txt -n shop --credentials-dir /media/usb/store -o yaml >adopted.yaml',
          'Only write down what would be made; the file holds secrets',
        ],
        ['adopt shop -n shop --take-over --confirm shop/shop', 'Go on with the backups of a cluster that is lost'],
      ),
    )
    .action((policy: string | undefined, options: AdoptOptions) =>
      start(async (io) => (await import('./adopt.ts')).adopt(policy, options, io)),
    );
};
