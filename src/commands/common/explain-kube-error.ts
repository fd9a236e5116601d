// Answers of the API server, as a command ends with them.
import type { KubeError } from '../../kube/errors.ts';
import { CommandError, exitCode, notFound, refused, undetermined } from './errors.ts';

const isDenial = (message: string): boolean => /admission webhook|ValidatingAdmissionPolicy|denied (the )?request/i.test(message);

export const explainKubeError = (error: KubeError): CommandError => {
  const { status, reason, message } = error;
  if (isDenial(message)) {
    return refused('AdmissionDenied', message, 'Change what the message names; it is a rule of this cluster.');
  }
  switch (reason) {
    case 'Unreachable':
    case 'Timeout':
      return undetermined(
        'ApiUnreachable',
        message,
        'Check cluster and network: `kubectl cluster-info` asks the same server. What runs in the cluster goes on.',
        error,
      );
    case 'Unauthorized':
      return refused(reason, message, 'The login has expired or is not known to this cluster: log in again.');
    case 'Forbidden':
      return refused(
        reason,
        message,
        'Ask for the right that the message names. The ClusterRoles holdfast-viewer (see), holdfast-user (start backups) and holdfast-restorer (restore) of the chart hold those of Holdfast.',
      );
    case 'NotFound':
      return notFound(reason, message, 'Check name and namespace (-n).');
    case 'UnknownPath':
      return notFound(
        'NotInstalled',
        `This API server knows no Holdfast. ${message}`,
        'Install the chart, or name another cluster with --context.',
      );
    case 'AlreadyExists':
      return refused(reason, message, 'Take another name.');
    case 'Invalid':
    case 'BadRequest':
      return refused(reason, message, 'Change what the message names.');
    case 'NoCluster':
      return new CommandError(exitCode.wrongUse, reason, message, 'Name a kubeconfig with --kubeconfig, or a context with --context.');
    default:
      return status === 429 || status >= 500
        ? undetermined(reason, message, 'The API server is busy or ill: try again later.', error)
        : new CommandError(exitCode.failed, reason, message, 'Try again; look at the API server when it stays.', { cause: error });
  }
};
