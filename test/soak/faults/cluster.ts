// What can happen to the cluster itself. These disturb everybody on it, so they come last and are short.
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { kubectl, mustKubectl, run } from '../../cluster/kubectl.ts';
import { clusterDirectory } from '../../e2e/support/demo.ts';
import type { Fault } from './fault.ts';

// A part of Kubernetes, by the file that hack/cluster keeps of it; checked, for numbers are given again.
const pidOf = (component: string): number => {
  const pid = readFileSync(`/run/holdfast/pids/${component}`, 'utf8').trim();
  const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  if (!program.endsWith(`/${component}`)) {
    throw new Error(`The process ${pid} is not ${component}. Run hack/cluster up.`);
  }
  return Number(pid);
};

// Of a checkout whose .cluster is a link, the cluster belongs to another one.
const bringUp = async (): Promise<void> => {
  const { code, stdout, stderr } = await run(join(dirname(realpathSync(clusterDirectory)), 'hack/cluster'), ['up']);
  if (code !== 0) {
    throw new Error(`hack/cluster up: ${stderr}${stdout}`);
  }
};

// It hangs: its sockets are open, and nothing answers.
export const freeze = (component: string) => (): Promise<void> => {
  process.kill(pidOf(component), 'SIGSTOP');
  return Promise.resolve();
};
export const thaw = (component: string): void => void process.kill(pidOf(component), 'SIGCONT');

export const whenAnswering = async (): Promise<void> => {
  for (let tries = 0; tries < 120; tries += 1) {
    if ((await kubectl(['get', '--raw', '/readyz', '--request-timeout=3s'])).code === 0) {
      return;
    }
    await pause(500);
  }
  throw new Error('The API server did not come back.');
};

const nodeAwaySeconds = 120;

// Runs go on meanwhile.
let outages: Promise<void> | undefined;
const killThrice = async (): Promise<void> => {
  for (let times = 0; times < 3; times += 1) {
    process.kill(pidOf('kube-apiserver'), 'SIGKILL');
    await pause(20_000);
    await bringUp();
    await whenAnswering();
    // Long enough for everybody to begin anew.
    await pause(15_000);
  }
};

export const clusterFaults: Fault[] = [
  {
    name: 'dns-gone',
    title: 'DNS gone for 40 s',
    reach: 'cluster',
    inject: freeze('coredns'),
    heal() {
      thaw('coredns');
      return Promise.resolve();
    },
    lastsSeconds: 40,
  },
  {
    name: 'etcd-away',
    title: 'etcd away for 20 s',
    reach: 'cluster',
    inject: freeze('etcd'),
    async heal() {
      thaw('etcd');
      await whenAnswering();
    },
    lastsSeconds: 20,
  },
  {
    name: 'api-away',
    title: 'API server killed and away for 20 s, three times',
    reach: 'cluster',
    inject() {
      outages = killThrice();
      return pause(100);
    },
    heal: async () => outages,
    lastsSeconds: 0,
    // The pod of this phase cannot start before the last outage is over; with the starts of the server in between that may be
    // later than its deadline.
    ends: { start: ['Complete', 'Failed (StartFailed)'] },
  },
  {
    name: 'node-away',
    title: 'node cordoned, its kubelet stopped for 2 min',
    reach: 'cluster',
    async inject() {
      await mustKubectl(['cordon', '--selector=kubernetes.io/os=linux']);
      await freeze('kubelet')();
    },
    async heal() {
      thaw('kubelet');
      await mustKubectl(['uncordon', '--selector=kubernetes.io/os=linux']);
    },
    lastsSeconds: nodeAwaySeconds,
    // No pod can start for longer than the deadline for starting.
    ends: { start: ['Failed (StartFailed)'] },
  },
];
