// How a command ends when it cannot do what was asked. Every error says what happened and what to do next.

export const exitCode = {
  done: 0,
  failed: 1,
  wrongUse: 2,
  notFound: 3,
  refused: 4,
  undetermined: 5,
} as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

// `code` is stable, for scripts. `next` is the step that the user can take.
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly next: string;

  constructor(exit: ExitCode, code: string, message: string, next: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exit;
    this.code = code;
    this.next = next;
  }
}

export const wrongUse = (message: string, next: string): CommandError => new CommandError(exitCode.wrongUse, 'WrongUse', message, next);

export const notFound = (code: string, message: string, next: string): CommandError =>
  new CommandError(exitCode.notFound, code, message, next);

export const refused = (code: string, message: string, next: string): CommandError =>
  new CommandError(exitCode.refused, code, message, next);

export const undetermined = (code: string, message: string, next: string, cause?: unknown): CommandError =>
  new CommandError(exitCode.undetermined, code, message, next, cause === undefined ? {} : { cause });
