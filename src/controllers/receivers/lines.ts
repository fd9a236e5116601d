// Listens to the WAL receivers: one stream for each, and of what it says only the newest line is kept.
import { agentContainer } from '../../core/jobs/pod-waiting.ts';
import type { Heard } from '../../core/receiver/facts.ts';
import { isNews } from '../../core/receiver/news.ts';
import { backoffMilliseconds, pause } from '../../kube/backoff.ts';
import type { KubeClient } from '../../kube/client.ts';
import { hasReason, retryAfterMilliseconds } from '../../kube/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import { parseAgentLine } from '../jobs/agent-lines.ts';

// One run of the container of a receiver.
export type ReceiverRun = { key: string; namespace: string; name: string };

export type ReceiverLines = {
  // When any container of a Deployment was heard last, by its uid; before that, since when this process looks at it.
  aliveTime(uid: string): number;
  // What the container has printed that runs now. Listens to it from now on; `onNews` is told of what a decision should see.
  listen(uid: string, run: ReceiverRun, onNews: () => void): Heard | undefined;
  forget(uid: string): void;
  // Stops listening and waits until nothing is open any more.
  close(): Promise<void>;
};

// A receiver lives for months: of its log only the end is asked for. In between a line comes every ten seconds.
const tailLines = 50;
const idleMilliseconds = 60_000;
const backoff = { firstMilliseconds: 500, mostMilliseconds: 10_000 };

// `told`: the line that a decision was last told of.
type Kept = { aliveTime: number; key: string; heard?: Heard; told?: Heard['line']; stop: AbortController };

export const createReceiverLines = (client: KubeClient, log: Log, now: () => number): ReceiverLines => {
  const known = new Map<string, Kept>();
  const running = new Set<Promise<void>>();

  const keptOf = (uid: string): Kept => {
    const found = known.get(uid) ?? { aliveTime: now(), key: '', stop: new AbortController() };
    known.set(uid, found);
    return found;
  };

  const readOnce = async (run: ReceiverRun, kept: Kept, onNews: () => void): Promise<void> => {
    const { signal } = kept.stop;
    for await (const text of client.logs(run, { container: agentContainer, follow: true, tailLines, idleMilliseconds, signal })) {
      const line = parseAgentLine(text);
      // After a cut some lines come again: they say nothing about now.
      if (line?.kind === 'wal' && !signal.aborted && (kept.heard === undefined || line.time > kept.heard.line.time)) {
        const before = kept.heard;
        const markSince = before !== undefined && before.line.markTime === line.markTime ? before.markSince : now();
        kept.heard = { line, markSince };
        kept.aliveTime = now();
        if (isNews(kept.told, line)) {
          kept.told = line;
          onNews();
        }
      }
    }
  };

  const follow = async (run: ReceiverRun, kept: Kept, onNews: () => void): Promise<void> => {
    const { signal } = kept.stop;
    for (let failures = 0; !signal.aborted;) {
      const before = kept.heard;
      let wanted = 0;
      try {
        await readOnce(run, kept, onNews);
      } catch (error) {
        if (signal.aborted || hasReason(error, 'NotFound')) {
          return;
        }
        wanted = retryAfterMilliseconds(error);
        log.debug('The log of a receiver was cut', { pod: `${run.namespace}/${run.name}`, error });
      }
      failures = kept.heard === before ? failures + 1 : 1;
      await pause(Math.max(wanted, backoffMilliseconds(failures, backoff)), signal);
    }
  };

  return {
    aliveTime: (uid) => keptOf(uid).aliveTime,
    listen(uid, run, onNews) {
      const last = keptOf(uid);
      if (last.key === run.key) {
        return last.heard;
      }
      last.stop.abort();
      const kept: Kept = { aliveTime: last.aliveTime, key: run.key, stop: new AbortController() };
      known.set(uid, kept);
      const work = follow(run, kept, onNews)
        .catch((error: unknown) => log.error('Could not listen to a receiver', { pod: `${run.namespace}/${run.name}`, error }))
        .finally(() => running.delete(work));
      running.add(work);
      return undefined;
    },
    forget(uid) {
      known.get(uid)?.stop.abort();
      known.delete(uid);
    },
    async close() {
      known.forEach(({ stop }) => stop.abort());
      await Promise.all(running);
    },
  };
};
