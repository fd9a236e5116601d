// The operator as a process of this machine, on one namespace of the local cluster, behind a proxy that counts what it asks for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startProxy } from '../kube/proxy.ts';
import type { Seen } from '../kube/proxy.ts';
import { root } from './kubectl.ts';

// The local registry answers, and has no such image.
export const missingImage = 'localhost:5317/holdfast/there-is-no-such-image:1';

type LogLine = { level: string; message: string } & Record<string, unknown>;

export type OperatorProcess = Awaited<ReturnType<typeof startOperator>>;

// `more`: variables of its environment. `clusterId`: the proxy says that the cluster is another one.
export const startOperator = async (namespace: string, more: Record<string, string> = {}, clusterId?: string) => {
  const proxy = await startProxy();
  if (clusterId !== undefined) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: clusterId } };
    proxy.answerBy(({ path }) => (path === '/api/v1/namespaces/kube-system' ? { status: 200, body } : undefined));
  }
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-operator-'));
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, proxy.config().exportConfig());
  const child = spawn(process.execPath, ['src/operator.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      KUBECONFIG: kubeconfig,
      WATCH_NAMESPACE: namespace,
      // It is alone there. Leadership is tested in test/kube.
      LEADER_ELECT: 'false',
      AGENT_IMAGES: JSON.stringify({ 17: missingImage }),
      HEALTH_PORT: '0',
      LOG_LEVEL: 'info',
      ...more,
    },
  });
  const log: LogLine[] = [];
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // Only then all that it printed is read.
  const exit = once(child, 'close') as Promise<[number | null, string | null]>;
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as LogLine;
    log.push(line);
    if (line.message === 'Ready') {
      ready.resolve();
    }
  });
  void exit.then(() => ready.reject(new Error(`The operator ended before it was ready. ${stderr}${JSON.stringify(log.slice(-3))}`)));
  await ready.promise;

  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    child.kill(signal);
    const [code] = await exit;
    await proxy.close();
    await rm(directory, { recursive: true, force: true });
    return code;
  };
  return {
    proxy,
    pid: child.pid ?? 0,
    log,
    stderr: () => stderr,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    // Lets it end what it does. Resolves to its exit code.
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    // Without events, which come a little later.
    writes: (): Seen[] => proxy.seen.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/apis/events.k8s.io/')),
  };
};
