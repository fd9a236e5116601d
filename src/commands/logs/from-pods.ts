// Logs from the pods of a run, while they are there.
import type { Backup } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { agentContainer } from '../../core/jobs/pod-waiting.ts';
import { hasReason, KubeError } from '../../kube/errors.ts';
import type { Cluster } from '../common/cluster.ts';
import { getBackup } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import type { LogPrinter } from './printer.ts';
import { findSources } from './sources.ts';
import type { Source } from './sources.ts';

const lookMilliseconds = 1000;
const mostFailures = 5;

type Reading = { printer: LogPrinter; io: Io };

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

// A copy that failed is tried again for a long time: nobody waits for that here.
export const hasEnded = ({ status }: Backup): boolean =>
  status?.endTime !== undefined && !(status.tiers ?? []).some(({ state }) => state === 'Pending' || state === 'Copying');

// Every pod as it comes, all at once, until the run and its copies have ended.
export const followPods = async (
  cluster: Cluster,
  backup: Backup,
  { component, ...reading }: Reading & { component: string | undefined },
): Promise<void> => {
  const { printer, io } = reading;
  const followed = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const noteOnce = onlyNews(printer);
  for (let current = backup; ; current = await getBackup(cluster, backup.metadata.name)) {
    for (const source of await findSources(cluster, current, component)) {
      if (!source.started) {
        noteOnce(source.title, source.waiting ?? 'The pod is being started.');
      } else if (!followed.has(source.uid)) {
        const work = readOne(cluster, source, true, reading).catch((error: unknown) => void failures.push(error));
        followed.set(source.uid, work);
      }
    }
    // Asked before the pods were: a run that has ended starts none afterwards.
    if (hasEnded(current)) {
      await Promise.all(followed.values());
    } else if (current.status?.startTime === undefined) {
      noteOnce(
        current.metadata.name,
        findCondition(current.status?.conditions, 'Succeeded')?.message ?? 'The operator has not looked at it yet.',
      );
    }
    if (failures.length > 0) {
      throw failures[0];
    }
    if (hasEnded(current)) {
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
const readOne = async (cluster: Cluster, source: Source, follow: boolean, { printer, io }: Reading): Promise<void> => {
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
        printer.note(source.title, 'The pod is gone; --stored reads its log from the store.');
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
