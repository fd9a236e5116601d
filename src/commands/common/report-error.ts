// How an error looks: one line what, one line what to do next, and the code for scripts.
import type { CommandError } from './errors.ts';
import type { Io } from './io.ts';

export const reportError = (error: CommandError, { err, errorColours }: Pick<Io, 'err' | 'errorColours'>): void => {
  err(`${errorColours.red(`Error (${error.code}):`)} ${error.message}\n`);
  err(`${errorColours.bold('Next:')} ${error.next}\n`);
};
