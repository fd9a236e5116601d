// How etcd and the API server are started.
import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ProcessGroup } from '../common/process-group.ts';
import { benchDirectory } from '../common/settings.ts';
import { directory } from './names.ts';

// Starts a part of Kubernetes in a group, its output in a log.
export const startProgram = async (group: ProcessGroup, name: 'etcd' | 'kube-apiserver', words: string[]): Promise<void> => {
  const log = openSync(join(directory, `${name}.log`), 'a');
  const [command, ...parameters] = [...group.enter, await linkTo(name), ...words];
  spawn(command, parameters, { stdio: ['ignore', log, log] });
};

// One program is all of Kubernetes; its name says which part. Returns the path of a link of that name.
export const linkTo = async (name: string): Promise<string> => {
  const program = join(dirname(benchDirectory), 'bin/kube');
  if (!existsSync(program)) {
    throw new Error(`${program} is missing. Run hack/bootstrap cluster.`);
  }
  const path = join(directory, name);
  if (!existsSync(path)) {
    await symlink(program, path);
  }
  return path;
};

const flags = (values: Record<string, string>): string[] => Object.entries(values).map(([name, value]) => `--${name}=${value}`);

export const etcdWords = (port: number, peerPort: number): string[] => {
  const [url, peerUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  return flags({
    'data-dir': join(directory, 'data'),
    'unsafe-no-fsync': 'true',
    'log-level': 'warn',
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `default=${peerUrl}`,
  });
};

type Files = { certFile: string; keyFile: string; auditFile: string };

export const apiServerWords = (port: number, etcdPort: number, { certFile, keyFile, auditFile }: Files): string[] =>
  flags({
    'etcd-servers': `http://127.0.0.1:${etcdPort}`,
    'authorization-mode': 'RBAC',
    'service-cluster-ip-range': '10.96.0.0/16',
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'secure-port': String(port),
    'endpoint-reconciler-type': 'none',
    'tls-cert-file': certFile,
    'tls-private-key-file': keyFile,
    'token-auth-file': join(directory, 'tokens.csv'),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': join(directory, 'service-accounts.pub'),
    'service-account-signing-key-file': join(directory, 'service-accounts.key'),
    'audit-policy-file': join(directory, 'audit-policy.json'),
    'audit-log-path': auditFile,
    // Large enough that it never begins a new file.
    'audit-log-maxsize': '10000',
  });
