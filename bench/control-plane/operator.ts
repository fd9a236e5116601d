// Our operator as its image starts it, as processes of this machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { mebibytes } from '../common/figures.ts';
import { runQuietly } from '../common/measure.ts';
import { makeProcessGroup } from '../common/process-group.ts';
import { root } from '../common/settings.ts';
import type { ApiServer } from './api-server.ts';
import { directory, operatorNamespace, serviceAccountDirectory } from './names.ts';
import { countTraffic } from './traffic.ts';

export type Memory = { rssMiB: number; peakRssMiB: number; anonymousMiB: number };

export type Operator = {
  pid: number;
  startedAt: number;
  // When it said that its first lists were read; milliseconds since its start.
  ready: Promise<number>;
  cpuSeconds(): number;
  memory(): Memory;
  bytesReceived(): number;
  // Ends it as Kubernetes does, and waits.
  stop(): Promise<void>;
};

// In a mount namespace of its own it finds the files of its ServiceAccount where a pod has them.
const asInAPod = [
  'unshare',
  '--mount',
  '--propagation=private',
  'bash',
  '-c',
  'mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io && cp -r "$0" /run/secrets/kubernetes.io/serviceaccount && exec "$@"',
];

type Start = { words: string[]; environment: Record<string, string> };

// Bundles it as the image gets it, into a folder that no other build touches.
export const buildOperator = async (): Promise<void> => {
  await runQuietly([process.execPath, join(root, 'hack/bundle.ts')]);
  await rm(join(directory, 'dist'), { recursive: true, force: true });
  await cp(join(root, 'dist'), join(directory, 'dist'), { recursive: true });
};

// How the image starts it: Node's flags and the environment.
const imageStart = async (): Promise<Start> => {
  const stage = /^FROM base AS operator\n([\s\S]*?)^FROM /m.exec(await readFile(join(root, 'Dockerfile'), 'utf8'))?.[1] ?? '';
  const entry = /^ENTRYPOINT (\[.*operator\.js"\])$/m.exec(stage)?.[1];
  if (entry === undefined) {
    throw new Error('The Dockerfile does not say how the operator is started.');
  }
  const environment = Object.fromEntries([...stage.matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]));
  return { words: (JSON.parse(entry) as string[]).slice(1, -1), environment };
};

export const startOperator = async ({ port }: ApiServer, name: string): Promise<Operator> => {
  const { words, environment } = await imageStart();
  const group = makeProcessGroup(name);
  const program = [process.execPath, ...words, join(directory, 'dist/operator.js')];
  const [command, ...parameters] = [...group.enter, ...asInAPod, serviceAccountDirectory, ...program];
  const startedAt = Date.now();
  const child = spawn(command, parameters, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...environment,
      PATH: process.env['PATH'],
      HOME: directory,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(port),
      POD_NAME: name,
      POD_NAMESPACE: operatorNamespace,
      AGENT_IMAGES: JSON.stringify({ 17: 'registry.example.org/holdfast/agent:17' }),
      HEALTH_PORT: '0',
    },
  });
  const pid = child.pid ?? 0;
  const ready = Promise.withResolvers<number>();
  ready.promise.catch(() => undefined);
  const exit = once(child, 'exit');
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line);
    said.splice(0, said.length - 20);
    if (line.includes('"message":"Ready"')) {
      ready.resolve(Date.now() - startedAt);
    }
  });
  void exit.then(() => ready.reject(new Error(`The operator ended:\n${said.join('\n')}`)));
  const traffic = countTraffic(pid, port);
  return {
    pid,
    startedAt,
    ready: ready.promise,
    cpuSeconds: () => group.cpuSeconds(),
    memory: () => memoryOf(pid),
    bytesReceived: () => traffic.bytesReceived(),
    async stop() {
      traffic.stop();
      child.kill('SIGTERM');
      await exit;
      await group.remove();
    },
  };
};

const memoryOf = (pid: number): Memory => {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => mebibytes(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024);
  return { rssMiB: field('VmRSS'), peakRssMiB: field('VmHWM'), anonymousMiB: field('RssAnon') };
};
