// What the definitions of all commands share. Nothing heavy is imported here: `--help` must be quick.
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ExitCode } from './errors.ts';
import type { Io } from './io.ts';

// Runs the work of a command; what it gives is the exit code of the process.
export type Start = (work: (io: Io) => Promise<ExitCode>) => Promise<void>;

// Adds one command to the program.
export type Definition = (program: Command, start: Start) => void;

// `namespace` is undefined where none was named.
export type ClusterOptions = { namespace?: string; context?: string; kubeconfig?: string };

// The option of a command that can look at every namespace.
export const allNamespacesOption = (command: Command): Command =>
  command.addOption(new Option('-A, --all-namespaces', 'look at all namespaces').conflicts('namespace'));

// The options of a command that talks to a cluster.
export const clusterOptions = (command: Command): Command =>
  command
    .option('-n, --namespace <name>', 'namespace (default: that of the context, else "default")')
    .option('--context <name>', 'context of the kubeconfig (default: the current one)')
    .option('--kubeconfig <file>', 'kubeconfig to use (default: $KUBECONFIG, else ~/.kube/config)');

// The examples below the help of a command: what to type, and what for.
export const examples = (...lines: [command: string, purpose: string][]): string =>
  ['', 'Examples:', ...lines.map(([command, purpose]) => `  # ${purpose}\n  kubectl holdfast ${command}`)].join('\n');
