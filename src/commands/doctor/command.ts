// `doctor`: what is wrong, or will be, and what to do.
import { allNamespacesOption, clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { outputOption } from '../common/output.ts';
import type { DoctorOptions } from './doctor.ts';

export const defineDoctor: Definition = (program, start) => {
  const command = program
    .command('doctor')
    .summary('look for what is wrong, or will be, and say what to do')
    .description(
      'Checks the installation and policies: ✓ is well, ✗ is a problem, ? could not be checked; each of the latter two with the next step. Ends with 0 where all is well, 1 where there is a problem, 5 where something could not be checked. Reads Secrets, where it may, for their keys; shows no value.',
    )
    .argument('[policy]', 'name of a BackupPolicy (default: all of the namespace)');
  outputOption(allNamespacesOption(clusterOptions(command)))
    .addHelpText(
      'after',
      examples(['doctor shop -n shop', 'One policy, and the installation'], ['doctor -A', 'All policies of the cluster']),
    )
    .action((policy: string | undefined, options: DoctorOptions) =>
      start(async (io) => (await import('./doctor.ts')).doctor(policy, options, io)),
    );
};
