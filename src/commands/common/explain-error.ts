// Errors of what lies below, as a command ends with them.
import { KubeError } from '../../kube/errors.ts';
import { CommandError, exitCode } from './errors.ts';
import { explainKubeError } from './explain-kube-error.ts';

const isCoded = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string';

// A fault of ours keeps its stack: nobody could mend it without.
export const asCommandError = (error: unknown): CommandError => {
  if (error instanceof KubeError) {
    return explainKubeError(error);
  }
  if (isCoded(error)) {
    const next = error.code === 'Interrupted' ? 'Run the command again.' : 'Mend what the message names, and run the command again.';
    return new CommandError(exitCode.failed, error.code, error.message, next, { cause: error });
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CommandError(exitCode.failed, 'InternalError', `A fault in Holdfast itself: ${text}`, 'Please report it with this output.', {
    cause: error,
  });
};
