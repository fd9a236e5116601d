// Follows a Backup until it has ended, or waits for a person. Whatever happens here, the Backup goes on in the cluster.
import type { Backup } from '../../api/objects.ts';
import { KubeError } from '../../kube/errors.ts';
import type { Cluster } from '../common/cluster.ts';
import { CommandError, exitCode, undetermined } from '../common/errors.ts';
import { durationText } from '../common/figures.ts';
import type { Io } from '../common/io.ts';
import { backups } from '../common/resources.ts';
import { endingOf, endingText } from './ending.ts';
import { progressPrinter } from './progress.ts';

const lookMilliseconds = 1000;
// The API server may be away for so long before we give up looking.
const patienceMilliseconds = 60_000;
// Without any status for so long, the operator is perhaps not there.
const silenceMilliseconds = 20_000;

export const waitForEnd = async (cluster: Cluster, made: Backup, timeoutMilliseconds: number, io: Io): Promise<void> => {
  const start = io.now();
  const interrupted = io.interrupt();
  const printer = progressPrinter(io);
  let lastAnswer = start;
  let warned = false;
  while (io.now() - start < timeoutMilliseconds) {
    try {
      const seen = await look(cluster, made);
      lastAnswer = io.now();
      const ending = endingOf(seen);
      if (ending !== undefined) {
        printer.end();
        if (ending.error !== undefined) {
          throw ending.error;
        }
        io.err(endingText(seen, io.errorColours));
        return;
      }
      printer.show(seen);
      if (!warned && seen.status?.conditions === undefined && io.now() - start > silenceMilliseconds) {
        printer.note('The operator has not looked at it yet. Is it running? kubectl get pods -A -l app.kubernetes.io/name=holdfast');
        warned = true;
      }
    } catch (error) {
      if (!isPassing(error) || io.now() - lastAnswer > patienceMilliseconds) {
        printer.end();
        throw error;
      }
    }
    await io.pause(lookMilliseconds, interrupted);
    if (interrupted.aborted) {
      printer.end();
      throw goesOn(made, 'Interrupted', 'Stopped looking');
    }
  }
  printer.end();
  throw goesOn(made, 'TimedOut', `It has not ended after ${durationText(timeoutMilliseconds)}`);
};

const look = async ({ client }: Cluster, { metadata }: Backup): Promise<Backup> => {
  const seen = await client.get<Backup>(backups, { namespace: metadata.namespace, name: metadata.name });
  if (seen === undefined || seen.metadata.uid !== metadata.uid) {
    throw new CommandError(
      exitCode.failed,
      'Deleted',
      `Backup ${metadata.namespace}/${metadata.name} was deleted while it ran, which stops it.`,
      'Start another one when that was not on purpose.',
    );
  }
  return seen;
};

const isPassing = (error: unknown): boolean =>
  error instanceof KubeError && (error.status === 0 || error.status === 429 || error.status >= 500);

const goesOn = ({ metadata: { name, namespace } }: Backup, code: string, what: string): CommandError =>
  undetermined(
    code,
    `${what}; the Backup ${namespace}/${name} goes on in the cluster.`,
    `See how it ends: kubectl holdfast logs ${name} -n ${namespace} --follow. Stop it: kubectl delete backup ${name} -n ${namespace}`,
  );
