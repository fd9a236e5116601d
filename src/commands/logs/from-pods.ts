// Logs from the pods of a run, while they are there.
import { agentContainer } from '../../core/jobs/pod-waiting.ts';
import { hasReason, KubeError } from '../../kube/errors.ts';
import type { Cluster } from '../common/cluster.ts';
import type { Io } from '../common/io.ts';
import type { LogPrinter } from './printer.ts';
import type { Source } from './sources.ts';

const lookMilliseconds = 1000;
const mostFailures = 5;

// `gone`: what is said of a pod that is not there any more.
type Reading = { printer: LogPrinter; io: Io; gone: string };

// One pod after the other, the older ones first.
export const readPods = async (cluster: Cluster, sources: Source[], reading: Reading): Promise<void> => {
  for (const source of sources) {
    if (source.started) {
      await readOne(cluster, source, false, reading);
    } else {
      reading.printer.note(source.title, source.waiting ?? 'The pod has not started yet.');
    }
  }
};

// A run as it is now: whether it has ended, why it has not started, and the pods that there are.
export type Looked = { name: string; ended: boolean; idle?: string; sources: Source[] };

// Every pod as it comes, all at once, until the run and what belongs to it have ended. The run is looked at before its pods are: one that has ended starts none afterwards.
export const followPods = async (cluster: Cluster, look: () => Promise<Looked>, reading: Reading): Promise<void> => {
  const { printer, io } = reading;
  const followed = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const noteOnce = onlyNews(printer);
  for (;;) {
    const { name, ended, idle, sources } = await look();
    for (const source of sources) {
      if (!source.started) {
        noteOnce(source.title, source.waiting ?? 'The pod is being started.');
      } else if (!followed.has(source.uid)) {
        const work = readOne(cluster, source, true, reading).catch((error: unknown) => void failures.push(error));
        followed.set(source.uid, work);
      }
    }
    if (ended) {
      await Promise.all(followed.values());
    } else if (idle !== undefined) {
      noteOnce(name, idle);
    }
    if (failures.length > 0) {
      throw failures[0];
    }
    if (ended) {
      return;
    }
    await io.pause(lookMilliseconds);
  }
};

const onlyNews = (printer: LogPrinter): LogPrinter['note'] => {
  const noted = new Map<string, string>();
  return (title, text) => {
    if (noted.get(title) !== text) {
      noted.set(title, text);
      printer.note(title, text);
    }
  };
};

// A log that was cut is read again from its beginning; what was printed already is passed over.
const readOne = async (cluster: Cluster, source: Source, follow: boolean, { printer, io, gone }: Reading): Promise<void> => {
  const ref = { namespace: source.namespace, name: source.pod };
  let printed = 0;
  for (let failures = 0; ; failures += 1) {
    let at = 0;
    try {
      for await (const line of cluster.client.logs(ref, { container: agentContainer, follow })) {
        at += 1;
        if (at > printed) {
          printed = at;
          printer.line(source.title, line);
        }
      }
      return;
    } catch (error) {
      if (hasReason(error, 'NotFound')) {
        printer.note(source.title, gone);
        return;
      }
      if (!isPassing(error) || failures >= mostFailures) {
        throw error;
      }
    }
    await io.pause(lookMilliseconds);
  }
};

const isPassing = (error: unknown): boolean => error instanceof KubeError && (error.status === 0 || error.status >= 500);
