// The option -o, and what it prints.
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from './io.ts';

export type Format = 'json' | 'yaml' | 'wide';
export type OutputOptions = { output?: Format };

export const outputOption = (command: Command): Command =>
  command.addOption(new Option('-o, --output <format>', 'how the result is printed').choices(['json', 'yaml', 'wide']));

// For tools: the whole document on stdout.
export const printDocument = async (format: 'json' | 'yaml', value: unknown, { out }: Pick<Io, 'out'>): Promise<void> => {
  if (format === 'json') {
    out(`${JSON.stringify(value, undefined, 2)}\n`);
    return;
  }
  const { stringify } = await import('yaml');
  out(stringify(value, { lineWidth: 0 }));
};
