// How an error looks: one line what, one line what to do next, and the code for scripts.
import type { CommandError } from './errors.ts';
import type { Io } from './io.ts';
import { printable } from './printable.ts';

export const reportError = (error: CommandError, { err, errorColours }: Pick<Io, 'err' | 'errorColours'>): void => {
  err(`${errorColours.red(`Error (${error.code}):`)} ${printable(error.message)}\n`);
  err(`${errorColours.bold('Next:')} ${printable(error.next)}\n`);
};
