// Follows what the pods of our Jobs print, and keeps what was read: the newest progress, the entries, the result.
// After a restart of the operator the log of a pod is simply read again.
import type { EntryLine, WindowLine } from '../../api/agent.ts';
import type { Output } from '../../core/jobs/state.ts';
import { agentContainer } from '../../core/jobs/pod-waiting.ts';
import { backoffMilliseconds, pause } from '../../kube/backoff.ts';
import type { KubeClient } from '../../kube/client.ts';
import { hasReason, retryAfterMilliseconds } from '../../kube/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import { parseAgentLine } from './agent-lines.ts';

export type FollowedPod = {
  jobUid: string;
  namespace: string;
  name: string;
  // Whether its container has ended: then the log will not grow.
  hasEnded: () => boolean;
};

export type Outputs = {
  of(jobUid: string): Output | undefined;
  // Starts to follow, once for a Job. `onProgress` is told of progress, `onEnd` when all was read.
  follow(pod: FollowedPod, told: { onProgress: () => void; onEnd: () => void }): void;
  forget(jobUid: string): void;
  // Stops following and waits until nothing is open any more.
  close(): Promise<void>;
};

const mostEntries = 100_000;
const mostWindows = 64;
// Of a container that has ended nothing new comes: so often is its log asked for, and so long may it be silent.
const mostFailures = 5;
const endedIdleMilliseconds = 60_000;
const backoff = { firstMilliseconds: 500, mostMilliseconds: 15_000 };

type Kept = Output & { stop: AbortController };

export const createOutputs = (client: KubeClient, log: Log): Outputs => {
  const known = new Map<string, Kept>();
  const running = new Set<Promise<void>>();

  // Reads the log once from its beginning. True: the agent's result was in it.
  const read = async (pod: FollowedPod, hasEnded: boolean, kept: Kept, onProgress: () => void): Promise<boolean> => {
    const entries: EntryLine[] = [];
    const windows: WindowLine[] = [];
    const { signal } = kept.stop;
    const idle = hasEnded ? { idleMilliseconds: endedIdleMilliseconds } : {};
    for await (const text of client.logs(pod, { container: agentContainer, follow: true, signal, ...idle })) {
      const line = parseAgentLine(text);
      switch (line?.kind) {
        case 'progress':
          kept.progress = line;
          onProgress();
          break;
        case 'planned':
          kept.planned = line.planned;
          onProgress();
          break;
        case 'entry':
          if (entries.length < mostEntries) {
            entries.push(line);
          }
          break;
        case 'window':
          if (windows.length < mostWindows) {
            windows.push(line);
          }
          break;
        case 'result':
          kept.result = line;
          kept.entries = entries;
          kept.entriesComplete = line.verb === 'inspect' && entries.length === (line.backups ?? 0) + (line.refused ?? 0);
          if (
            line.verb === 'inspect' &&
            line.wal !== undefined &&
            line.wal.refused === undefined &&
            windows.length === line.wal.components
          ) {
            kept.windows = windows;
          }
          return true;
        // How far a Job has received WAL: its result says so, too.
        case 'wal':
        case undefined:
          break;
      }
    }
    return false;
  };

  const follow = async (pod: FollowedPod, kept: Kept, onProgress: () => void): Promise<void> => {
    const { signal } = kept.stop;
    let failures = 0;
    for (let rounds = 1; !signal.aborted && failures < mostFailures; rounds += 1) {
      const hadEnded = pod.hasEnded();
      let wanted = 0;
      try {
        // A log that was read whole after the end says all there is to know. One that ended while the pod runs was cut.
        if ((await read(pod, hadEnded, kept, onProgress)) || hadEnded) {
          return;
        }
      } catch (error) {
        if (signal.aborted || hasReason(error, 'NotFound')) {
          return;
        }
        // While the container runs nothing is lost: it is asked again for as long as that takes.
        failures = hadEnded ? failures + 1 : 0;
        wanted = retryAfterMilliseconds(error);
        log.warn('Could not read the log of a pod', { pod: `${pod.namespace}/${pod.name}`, error });
      }
      await pause(Math.max(wanted, backoffMilliseconds(rounds, backoff)), signal);
    }
  };

  return {
    of: (jobUid) => known.get(jobUid),
    follow(pod, { onProgress, onEnd }) {
      if (known.has(pod.jobUid)) {
        return;
      }
      const kept: Kept = { complete: false, entries: [], entriesComplete: false, stop: new AbortController() };
      known.set(pod.jobUid, kept);
      const work = follow(pod, kept, onProgress)
        .catch((error: unknown) => log.error('Could not follow a pod', { pod: `${pod.namespace}/${pod.name}`, error }))
        .finally(() => {
          kept.complete = true;
          running.delete(work);
          if (!kept.stop.signal.aborted) {
            onEnd();
          }
        });
      running.add(work);
    },
    forget(jobUid) {
      known.get(jobUid)?.stop.abort();
      known.delete(jobUid);
    },
    async close() {
      known.forEach(({ stop }) => stop.abort());
      await Promise.all(running);
    },
  };
};
