// A pod with nothing but stock tools (age, zstd, tar, PostgreSQL), and a folder that it shares with this machine. The plugin lies in its /app.
import { chmodSync, chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl, mustKubectl } from '../../cluster/kubectl.ts';
import type { Outcome } from '../../cluster/kubectl.ts';
import { image } from './demo.ts';
import { removeTree } from './files.ts';
import { dropNamespace, freshNamespace } from './namespaces.ts';

const userId = 65_532;
// The script is read to its end first: its programs must not take it for their own input.
const wholeScript = 'script=$(cat); exec bash -euo pipefail -c "$script" </dev/null';

export type Toolbox = {
  // The folder on this machine; the pod sees it as /work.
  readonly folder: string;
  // Runs a shell script in the pod, in /work.
  run(script: string): Promise<Outcome>;
  // The same, for steps that must work.
  must(script: string): Promise<string>;
  close(): Promise<void>;
};

// `major`: of PostgreSQL.
export const openToolbox = async (major = 17): Promise<Toolbox> => {
  const namespace = `holdfast-test-toolbox-${major}`;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-e2e-'));
  chmodSync(folder, 0o700);
  chownSync(folder, userId, userId);
  await freshNamespace(namespace, 'privileged');
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'toolbox', namespace },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsUser: userId, runAsGroup: userId },
      containers: [
        {
          name: 'toolbox',
          image: image(`agent-${major}`),
          command: ['sleep', 'infinity'],
          workingDir: '/work',
          volumeMounts: [{ name: 'work', mountPath: '/work' }],
        },
      ],
      volumes: [{ name: 'work', hostPath: { path: folder } }],
    },
  };
  await mustKubectl(['apply', '-f', '-'], JSON.stringify(pod));
  await mustKubectl(['wait', 'pod/toolbox', '-n', namespace, '--for=condition=Ready', '--timeout=120s']);
  const run = (script: string): Promise<Outcome> =>
    kubectl(['exec', '-i', '-n', namespace, 'toolbox', '--', 'bash', '-c', wholeScript], script);
  return {
    folder,
    run,
    async must(script) {
      const { code, stdout, stderr } = await run(script);
      if (code !== 0) {
        throw new Error(`The script ended with ${code}:\n${script}\n--- it said:\n${stderr.slice(-4000)}\n${stdout.slice(-1000)}`);
      }
      return stdout;
    },
    async close() {
      await dropNamespace(namespace);
      removeTree(folder);
    },
  };
};
