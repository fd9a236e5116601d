// Waits until what is looked at has come to an end. Whatever happens here, the work goes on in the cluster.
import type { KubeObject } from '../../kube/object.ts';
import type { Resource } from '../../kube/resource.ts';
import type { Cluster } from './cluster.ts';
import { undetermined } from './errors.ts';
import type { CommandError } from './errors.ts';
import { durationText } from './figures.ts';
import { follow } from './follow.ts';
import type { Followed } from './follow.ts';
import type { Io } from './io.ts';

// Without any status for so long, the operator is perhaps not there.
const silenceMilliseconds = 20_000;

// Prints what is seen on the way.
export type Printer = { note(text: string): void; end(): void };

// `error` is absent where it ended well.
export type Ending = { error?: CommandError };

export type Waited<T> = {
  resource: Resource;
  followed: Followed;
  timeoutMilliseconds: number;
  // Undefined while it goes on.
  ending: (object: T) => Ending | undefined;
  // There is no such object; `before`: there was one.
  gone: (before: boolean) => CommandError;
  show: (object: T) => void;
  // What is said when the time is over, or somebody pressed Ctrl-C.
  late: (seen: T | undefined) => CommandError | undefined;
  // What goes on, such as `the Backup shop/x`, and how to see its end.
  goesOn: { what: string; next: string };
};

type Status = { status?: { conditions?: unknown } };

// Resolves to what was seen last, or throws the error that it ended with.
export const waitUntil = async <T extends KubeObject & Status>(
  cluster: Cluster,
  waited: Waited<T>,
  printer: Printer,
  io: Io,
): Promise<T> => {
  const over = io.alarm(waited.timeoutMilliseconds);
  const interrupted = io.interrupt();
  const silence = io.alarm(silenceMilliseconds);
  const signal = AbortSignal.any([over, interrupted]);
  const onAway = (): void => printer.note('The API server does not answer; asking again for a minute.');
  let seen: T | undefined;
  const onSilence = (): void => {
    if (!signal.aborted && seen !== undefined && seen.status?.conditions === undefined) {
      printer.note('The operator has not looked at it yet. Is it running? kubectl get pods -A -l app.kubernetes.io/name=holdfast');
    }
  };
  silence.addEventListener('abort', onSilence, { once: true });
  try {
    for await (const object of follow<T>(cluster.client, waited.resource, waited.followed, { io, signal, onAway })) {
      if (object === undefined) {
        throw waited.gone(seen !== undefined);
      }
      const ending = waited.ending(object);
      if (ending?.error !== undefined) {
        throw ending.error;
      }
      if (ending !== undefined) {
        return object;
      }
      seen = object;
      waited.show(object);
    }
  } finally {
    silence.removeEventListener('abort', onSilence);
    printer.end();
  }
  if (over.aborted) {
    throw waited.late(seen) ?? timedOut(waited);
  }
  throw undetermined('Interrupted', `Stopped looking; ${waited.goesOn.what} goes on in the cluster.`, waited.goesOn.next);
};

const timedOut = ({ timeoutMilliseconds, goesOn: { what, next } }: Pick<Waited<never>, 'timeoutMilliseconds' | 'goesOn'>): CommandError =>
  undetermined('TimedOut', `It has not ended after ${durationText(timeoutMilliseconds)}; ${what} goes on in the cluster.`, next);
