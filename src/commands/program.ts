// The program: its commands, and how it ends.
import { Command, CommanderError } from 'commander';
import type { Start } from './common/definition.ts';
import { CommandError, exitCode } from './common/errors.ts';
import type { ExitCode } from './common/errors.ts';
import { withoutColours } from './common/io.ts';
import type { Io } from './common/io.ts';
import { reportError } from './common/report-error.ts';
import { defineAdopt } from './adopt/command.ts';
import { defineApprove } from './approve/command.ts';
import { defineBackup } from './backup/command.ts';
import { defineKeygen } from './keygen/command.ts';
import { defineList } from './list/command.ts';
import { defineLogs } from './logs/command.ts';
import { defineDoctor } from './doctor/command.ts';
import { definePlan } from './plan/command.ts';
import { definePlaybook } from './playbook/command.ts';
import { defineRestore } from './restore/command.ts';
import { defineStatus } from './status/command.ts';
import { defineUndo } from './undo/command.ts';
import { defineWait } from './wait/command.ts';

const definitions = [
  defineStatus,
  defineDoctor,
  defineList,
  defineBackup,
  defineWait,
  defineLogs,
  defineRestore,
  definePlan,
  defineApprove,
  defineUndo,
  definePlaybook,
  defineAdopt,
  defineKeygen,
];

const afterHelp = `
Exit codes:
  0  done
  1  failed
  2  wrong use
  3  not found
  4  refused; the reason's code is on stderr
  5  could not be determined

Colours appear on a terminal only; NO_COLOR and FORCE_COLOR are heeded.`;

// Every command with its options and help, and nothing done yet.
export const buildProgram = (start: Start): Command => {
  const program = new Command('kubectl-holdfast')
    .usage('<command> [options]')
    .description('Backup and disaster recovery of one application on Kubernetes.')
    .option('--no-color', 'no colours, also on a terminal')
    .addHelpText('after', afterHelp);
  program.helpCommand('help [command]', 'the help of a command');
  for (const define of definitions) {
    define(program, start);
  }
  return program;
};

// Runs the command that the arguments name, and gives the exit code.
export const runProgram = async (args: readonly string[], io: Io): Promise<number> => {
  let exit: ExitCode = exitCode.done;
  const program = buildProgram(async (work) => {
    exit = await work(asWanted());
  });
  const asWanted = (): Io => (program.opts<{ color: boolean }>().color ? io : withoutColours(io));
  for (const command of withDescendants(program)) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: io.out,
        writeErr: io.err,
        getOutHelpWidth: () => io.columns ?? 100,
        getErrHelpWidth: () => io.columns ?? 100,
      })
      .showHelpAfterError(`Run \`kubectl holdfast ${pathOf(command)}--help\` to see what there is.`);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    return endOf(error, asWanted());
  }
};

const withDescendants = (command: Command): Command[] => [command, ...command.commands.flatMap(withDescendants)];

// Its name with those of its parents, below the program: `plan restore `.
const pathOf = (command: Command): string => (command.parent === null ? '' : `${pathOf(command.parent)}${command.name()} `);

const endOf = async (error: unknown, io: Io): Promise<number> => {
  if (error instanceof CommanderError) {
    // Its message is printed already.
    return error.exitCode === 0 ? exitCode.done : exitCode.wrongUse;
  }
  const { asCommandError } = await import('./common/explain-error.ts');
  const known = error instanceof CommandError ? error : asCommandError(error);
  reportError(known, io);
  return known.exitCode;
};
