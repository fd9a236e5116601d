// What can happen to a Restore in place, and how it may end in spite of it. Those of the whole cluster come last: they disturb everybody on it.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustKubectl } from '../../cluster/kubectl.ts';
import { freeze, thaw, whenAnswering } from '../faults/cluster.ts';
import { faultNamed } from '../faults/all.ts';
import type { Weather } from '../store-proxy.ts';
import { filler, fillDirectory } from '../volumes.ts';
import type { HeldRestore } from './hold.ts';
import type { RestorePhaseName } from './phases.ts';
import { storePrefix } from './scene.ts';
import type { RestoreFaultScene } from './scene.ts';

export type RestoreFault = {
  name: string;
  title: string;
  inject: (scene: RestoreFaultScene, held: HeldRestore) => Promise<void>;
  heal: (scene: RestoreFaultScene) => Promise<void>;
  // It is mended after so many seconds. Undefined: only when the Restore has ended.
  lastsSeconds?: number;
  // Everybody on the cluster meets it.
  isOfCluster?: true;
  // Default: Complete; in the phase `undo` Failed.
  ends?: Partial<Record<RestorePhaseName, string[]>>;
  cannotBe?: Partial<Record<RestorePhaseName, string>>;
};

const nothing = (): Promise<void> => Promise.resolve();
const once = (parts: Omit<RestoreFault, 'heal' | 'lastsSeconds'>): RestoreFault => ({ ...parts, heal: nothing, lastsSeconds: 0 });

// Short, so that a cell of the store is no longer than one of a Backup.
const outageSeconds = 40;
const weather = (name: string, now: Weather, lastsSeconds: number): RestoreFault => ({
  name,
  title: faultNamed(name).title,
  inject: ({ proxy }) => proxy.weather(now),
  heal: ({ proxy }) => proxy.weather(undefined),
  lastsSeconds,
});

const noAgent = { quiesce: 'no agent runs then', resume: 'no agent runs then' };
const full = ['Complete', 'Failed (InsufficientSpace)'];

// Every stored part of the backup and of its WAL is another one now.
const damaged = new Map<string, Buffer>();
const damageAll = ({ server }: RestoreFaultScene): Promise<void> => {
  const root = join(server.dataDirectory, storePrefix);
  const names = (readdirSync(root, { recursive: true }) as string[]).filter((name) => /^(data\/.*base\.tar|wal\/.*\.zst\.age$)/.test(name));
  for (const name of names) {
    const path = join(root, name);
    const bytes = readFileSync(path);
    damaged.set(path, bytes);
    const changed = Buffer.from(bytes);
    const middle = changed.length >> 1;
    changed[middle] = (changed[middle] ?? 0) ^ 0xff;
    writeFileSync(path, changed);
  }
  return Promise.resolve();
};
const mendAll = ({ server }: RestoreFaultScene): Promise<void> => {
  for (const [path, bytes] of damaged) {
    if (path.startsWith(server.dataDirectory)) {
      writeFileSync(path, bytes);
      damaged.delete(path);
    }
  }
  return Promise.resolve();
};

export const restoreFaults: RestoreFault[] = [
  once({ name: 'operator-killed', title: faultNamed('operator-killed').title, inject: (scene) => scene.replaceOperator() }),
  once({
    name: 'agent-killed',
    title: faultNamed('agent-killed').title,
    inject(_, held) {
      const pids = held.pids();
      if (pids.length === 0) {
        throw new Error('No agent was found.');
      }
      pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
      return Promise.resolve();
    },
    cannotBe: noAgent,
  }),
  once({
    name: 'pod-deleted',
    title: faultNamed('pod-deleted').title,
    // Where no agent runs, that of the server that is about to be stopped.
    async inject({ shop }, { pod }) {
      await mustKubectl(shop.inNamespace('delete', 'pod', pod() ?? 'postgres-0', '--wait=false'));
    },
    cannotBe: { resume: 'no pod is there then' },
  }),
  weather('store-away', { kind: 'away' }, outageSeconds),
  weather('store-slow', { kind: 'slow', milliseconds: 3000 }, 60),
  weather('store-503', { kind: 'answer', status: 503, code: 'SlowDown' }, outageSeconds),
  {
    name: 'objects-damaged',
    title: 'stored objects damaged',
    inject: damageAll,
    heal: mendAll,
    ends: {
      plan: ['Failed (SourceVerificationFailed)'],
      quiesce: ['Failed'],
      fetch: ['Failed'],
      replay: ['Complete', 'Failed'],
    },
  },
  {
    name: 'volume-full',
    title: faultNamed('volume-full').title,
    inject: ({ volume }) => Promise.resolve(fillDirectory(volume)),
    heal: ({ volume }) => Promise.resolve(rmSync(join(volume, filler), { force: true })),
    ends: { plan: full, quiesce: full, fetch: full, replay: full, exchange: full, exchanged: full, resume: ['Complete', 'Failed'] },
  },
  {
    name: 'api-away',
    isOfCluster: true,
    title: 'API server away for 20 s',
    inject: freeze('kube-apiserver'),
    async heal() {
      thaw('kube-apiserver');
      await whenAnswering();
    },
    lastsSeconds: 20,
  },
  {
    name: 'node-away',
    isOfCluster: true,
    title: "node's kubelet stopped for 60 s",
    inject: freeze('kubelet'),
    heal() {
      thaw('kubelet');
      return Promise.resolve();
    },
    lastsSeconds: 60,
  },
];
