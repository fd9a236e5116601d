// `keygen`: the keys of a policy, made at once.
import { examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import type { KeygenOptions } from './keygen.ts';

export const defineKeygen: Definition = (program, start) => {
  program
    .command('keygen')
    .summary('make the keys of a policy')
    .description(
      'Makes the keys of one policy: the identity that opens the backups, the state identity, and the pair that signs what is stored. Writes four files and says where each belongs. No secret is printed.',
    )
    .requiredOption('--policy <namespace/name>', 'the policy that the keys are for')
    .option('--output-dir <dir>', 'where the files are written (default: "holdfast-<namespace>-<name>")')
    .option('--signing-secret <name>', 'name of the Secret with the signing key', 'holdfast-signing')
    .option('--state-secret <name>', 'name of the Secret with the state identity', 'holdfast-state')
    .option('--force', 'replace files that are there; an old identity.txt is kept beside the new one')
    .addHelpText(
      'after',
      examples(
        ['keygen --policy shop/shop', 'Make the keys of the policy "shop" in the namespace "shop"'],
        ['keygen --policy shop/shop --output-dir /media/usb-stick', 'Write them to a stick that goes into a safe'],
      ),
    )
    .action((options: KeygenOptions) => start(async (io) => (await import('./keygen.ts')).keygen(options, io)));
};
