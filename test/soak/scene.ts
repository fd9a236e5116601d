// Where faults are tried, one after the other: a namespace with a PostgreSQL server, a way to the S3 server, and one policy for each phase.
import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import { image } from '../e2e/support/demo.ts';
import { makeCertificates } from '../stores/certificates.ts';
import { startVersitygw } from '../stores/servers.ts';
import type { S3Server } from '../stores/servers.ts';
import { manifestsOf, startLabel } from './manifests.ts';
import type { SceneKind, SceneParts } from './manifests.ts';
import type { Phase } from './phases.ts';
import { startStoreProxy } from './store-proxy.ts';
import type { StoreProxy } from './store-proxy.ts';
import { untilCalm } from './watch.ts';

const sceneNamespace = 'holdfast-test-soak';

export type Scene = {
  namespace: string;
  phases: Phase[];
  server: S3Server;
  proxy: StoreProxy;
  parts: SceneParts;
  // Takes everything away. Resolves to the seconds that the namespace took to go.
  close: () => Promise<number>;
};

const apply = async (objects: object[]): Promise<void> => {
  await mustKubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
};

// Makes all of it, and waits until every policy is armed and its tiers were read once.
export const openScene = async (phases: Phase[], kind: SceneKind = 'bucket'): Promise<Scene> => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-soak-'));
  const server = await startVersitygw();
  const own = await makeCertificates(directory, [`store.${sceneNamespace}.svc`]);
  const proxy = await startStoreProxy(server, own);
  const parts: SceneParts = {
    kind,
    namespace: sceneNamespace,
    phases,
    storePort: proxy.port,
    storeCa: readFileSync(own.caFile, 'utf8'),
    storeLogin: server.writer,
    postgresImage: image('postgres'),
  };
  const scene: Scene = {
    namespace: sceneNamespace,
    phases,
    server,
    proxy,
    parts,
    async close() {
      const began = Date.now();
      await kubectl(['delete', 'namespace', sceneNamespace, '--wait', '--timeout=180s']);
      const seconds = Math.round((Date.now() - began) / 1000);
      await kubectl(['label', 'node', '--all', `${startLabel}-`]);
      await proxy.stop();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
      return seconds;
    },
  };
  try {
    await fill(scene);
  } catch (error) {
    await scene.close();
    throw error;
  }
  return scene;
};

const fill = async ({ namespace, parts }: Scene): Promise<void> => {
  await mustKubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait', '--timeout=180s']);
  await mustKubectl(['label', 'node', '--all', '--overwrite', `${startLabel}=open`]);
  const { base, policies } = manifestsOf(parts);
  await apply(base);
  await mustKubectl(['rollout', 'status', 'statefulset/postgres', '-n', namespace, '--timeout=180s']);
  await apply(policies);
  await untilCalm(namespace, 240);
};

// Writes Secrets (again).
export const applySecret = (namespace: string, name: string, stringData: Record<string, string>): Promise<void> =>
  apply([{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData }]);
