// `logs`: what the agents of a Backup or a Restore say, or said.
import { Option } from 'commander';
import { clusterOptions, examples } from '../common/definition.ts';
import type { Definition } from '../common/definition.ts';
import type { LogsOptions } from './logs.ts';

export const defineLogs: Definition = (program, start) => {
  const command = program
    .command('logs')
    .summary('the logs of a backup or a restore')
    .description(
      'Prints the logs of the agents of one Backup. They come from the pods while those are there; afterwards a Job in the cluster reads them from the store, where they are kept. With restore/<name> those of a Restore, which are in its pods only.',
    )
    .argument('<target>', 'name of the Backup, or restore/<name>');
  clusterOptions(command)
    .option('-f, --follow', 'go on until it has ended')
    .option('-c, --component <name>', 'only this component')
    .option('--stored', 'read the store, also while the pods are there')
    .option('--timeout <duration>', 'how long the store is waited for', '5m')
    .addOption(new Option('-o, --output <format>', 'json: the lines as the agents wrote them').choices(['json']))
    .addHelpText(
      'after',
      examples(
        ['logs shop-full-202611220200 -n shop', 'What went on, for people'],
        ['logs shop-full-202611220200 -n shop --follow', 'Watch a Backup that runs'],
        ['logs restore/shop-back -n shop --follow', 'Watch a Restore that runs'],
        ['logs shop-full-202611220200 -n shop -o json | jq \'select(.level == "error")\'', 'For tools'],
      ),
    )
    .action((name: string, options: LogsOptions) => start(async (io) => (await import('./logs.ts')).logs(name, options, io)));
};
