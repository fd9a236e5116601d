// One Backup, from the request that makes it until its dump has ended, with the time of everything that can be seen from outside. All clocks are this machine's.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import type { AgentLine } from '../../src/api/agent.ts';
import { apiVersion, label } from '../../src/api/group.ts';
import type { Backup } from '../../src/api/objects.ts';
import { backups } from '../../src/controllers/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { jobs, pods } from '../../src/kube/resource.ts';
import type { Resource } from '../../src/kube/resource.ts';

export const namespace = 'shop';
export const policy = 'shop';

// In the order in which they come.
export const markNames = ['job', 'pod', 'scheduled', 'preflightBegins', 'preflightEnds', 'header', 'firstPart', 'dumpEnds'] as const;
export type Mark = (typeof markNames)[number];
// Seconds since the request was sent.
export type Marks = Record<Mark, number>;

// The header of an age file with one recipient is shorter; what lies behind it is data.
const longestHeaderBytes = 4096;
const pollMilliseconds = 5;
const askMilliseconds = 50;
const limitMilliseconds = 120_000;

type LogLine = Extract<AgentLine, { time: string }> | { kind: 'log'; message: string; step?: string; seconds?: number; time: string };

// What one backup's watch has seen.
type Seen = Partial<Record<Mark, number>>;

export const oneBackup = async (client: KubeClient, repository: string): Promise<Marks> => {
  const stop = new AbortController();
  const seen: Seen = {};
  let podName = '';
  const name = `bench-${Date.now()}`;
  const isOurs = (object: V1Pod): boolean =>
    object.metadata?.labels?.[label.backup] === name && object.metadata.labels[label.verb] === 'dump';
  const note = (mark: Mark): void => {
    seen[mark] ??= Date.now();
  };
  const watches = [
    await watch(client, jobs, stop.signal, (job) => isOurs(job) && note('job')),
    await watch(client, pods, stop.signal, (pod) => {
      if (isOurs(pod)) {
        podName = pod.metadata?.name ?? '';
        note('pod');
        if (pod.spec?.nodeName !== undefined) {
          note('scheduled');
        }
      }
    }),
  ];
  const appliedAt = Date.now();
  try {
    await client.create<KubeObject>(backups, {
      apiVersion,
      kind: 'Backup',
      metadata: { name, namespace },
      spec: { policyRef: { name: policy } },
    } as KubeObject);
    // A Backup that fails is known at once.
    [seen.firstPart] = await Promise.all([whenStored(client, name, repository, stop.signal), untilEnded(client, name)]);
    addAgentMarks(seen, await linesOf(client, podName));
  } finally {
    stop.abort();
    await Promise.allSettled(watches.map(({ ended }) => ended));
    // The backup stays in the store; only its resource goes.
    await client.delete(backups, { namespace, name });
  }
  return sinceApplied(seen, appliedAt);
};

// Begins with what is there now, so that nothing is missed in between. Of Jobs, too, only what both kinds have is read.
const watch = async (
  client: KubeClient,
  resource: Resource,
  signal: AbortSignal,
  onObject: (object: V1Pod) => unknown,
): Promise<{ ended: Promise<void> }> => {
  let resourceVersion = '';
  for await (const page of client.list(resource, { namespace, pageSize: 1 })) {
    ({ resourceVersion } = page);
    break;
  }
  const read = async (): Promise<void> => {
    const options = { namespace, resourceVersion, timeoutSeconds: 600, idleMilliseconds: 600_000, signal };
    for await (const { object } of client.watch<V1Pod>(resource, options)) {
      onObject(object);
    }
  };
  return { ended: read() };
};

const readBackup = async (client: KubeClient, name: string): Promise<Backup | undefined> =>
  client.get<Backup>(backups, { namespace, name });

// When the first bytes of base.tar behind its header lay in the repository, which is a folder of this machine.
const whenStored = async (client: KubeClient, name: string, repository: string, signal: AbortSignal): Promise<number> => {
  const end = Date.now() + limitMilliseconds;
  let folder: string | undefined;
  while (Date.now() < end && !signal.aborted) {
    if (folder === undefined) {
      const id = (await readBackup(client, name))?.status?.backupId;
      folder = id === undefined ? undefined : join(repository, 'data', id, 'db', '1');
      await pause(askMilliseconds);
    } else if (largestFile(folder) > longestHeaderBytes) {
      return Date.now();
    }
    await pause(pollMilliseconds);
  }
  throw new Error(`The Backup ${namespace}/${name} stored nothing within ${limitMilliseconds / 1000} s. Look at it with kubectl describe.`);
};

const largestFile = (folder: string): number =>
  existsSync(folder)
    ? Math.max(0, ...readdirSync(folder).map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0))
    : 0;

const untilEnded = async (client: KubeClient, name: string): Promise<void> => {
  const end = Date.now() + limitMilliseconds;
  while (Date.now() < end) {
    const found = await readBackup(client, name);
    if (found?.status?.phase === 'Complete') {
      return;
    }
    if (found?.status?.phase === 'Failed' || found?.status?.phase === 'PartiallyFailed') {
      throw new Error(`The Backup ${namespace}/${name} ended as ${found.status.phase}. Look at it with kubectl describe.`);
    }
    await pause(200);
  }
  throw new Error(`The Backup ${namespace}/${name} did not end within ${limitMilliseconds / 1000} s.`);
};

const linesOf = async (client: KubeClient, podName: string): Promise<LogLine[]> => {
  const lines: LogLine[] = [];
  for await (const line of client.logs({ namespace, name: podName })) {
    lines.push(JSON.parse(line) as LogLine);
  }
  return lines;
};

const addAgentMarks = (seen: Seen, lines: LogLine[]): void => {
  for (const line of lines) {
    const time = Date.parse(line.time);
    if (line.kind === 'log' && line.message === 'Ended a step' && line.step === 'preflight') {
      seen.preflightEnds = time;
      seen.preflightBegins = time - (line.seconds ?? 0) * 1000;
    } else if (line.kind === 'log' && line.message === 'Ended a step' && line.step === 'dump base.tar') {
      seen.dumpEnds = time;
    } else if (line.kind === 'progress' && line.phase === 'dump base.tar' && line.bytes > 0) {
      seen.header ??= time;
    }
  }
};

const sinceApplied = (seen: Seen, appliedAt: number): Marks =>
  Object.fromEntries(
    markNames.map((mark) => {
      const time = seen[mark];
      if (time === undefined) {
        throw new Error(`Nothing was seen of "${mark}".`);
      }
      return [mark, (time - appliedAt) / 1000];
    }),
  ) as Marks;
