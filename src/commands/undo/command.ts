// `undo`: what a restore in place has put aside is in place again.
import { clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import { collect } from '../common/store-options.ts';
import type { UndoOptions } from './undo.ts';

export const defineUndo: Definition = (program, start) => {
  const command = program
    .command('undo')
    .summary('take a restore back')
    .description(
      'Brings back what a Restore in place has put aside, as long as it is kept (status.undo). What was written since that Restore is lost. It asks for the name of the policy whose data is replaced; without a terminal --confirm names it. It ends when the old state is back and its server answers.',
    )
    .argument('<target>', 'restore/<name>');
  clusterOptions(command)
    .option('--confirm <namespace/policy>', 'the policy whose data is replaced, written out: nothing is asked')
    .option(
      '--identity <file>',
      'where the old data lies in the store: identity.txt out of the safe, lent to the cluster meanwhile (repeatable)',
      collect,
    )
    .option(
      '--identity-secret <name>',
      'instead of --identity: a Secret with the identity, as <name> or <name>/<key> (default: that of the Restore)',
    )
    .option('--no-wait', 'do not follow it; its name is printed')
    .option('--timeout <duration>', 'how long to follow it at most, such as 10m (default: no limit)')
    .addHelpText(
      'after',
      examples(
        ['undo restore/shop-back -n shop', 'Read what happens, type the name, and see it through'],
        ['undo restore/shop-back -n shop --identity identity.txt', 'What was there lies in the store, and its identity is in the safe'],
        ['undo restore/shop-back -n shop --confirm shop/shop --no-wait', 'In a script'],
      ),
    )
    .action((target: string, options: UndoOptions) => start(async (io) => (await import('./undo.ts')).undo(target, options, io)));
};
