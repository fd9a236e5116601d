// Where Restores meet their faults: a server with an application beside it, an operator of its own, a store behind the proxy.
import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl, mustKubectl } from '../../cluster/kubectl.ts';
import { startOperator } from '../../cluster/operator-process.ts';
import type { OperatorProcess } from '../../cluster/operator-process.ts';
import { backup } from '../../cluster/operator-objects.ts';
import { dropNamespaces, letIn, ownNamespaces } from '../../cluster/shut-out.ts';
import { claimDirectory } from '../../e2e/support/demo.ts';
import { copySecrets } from '../../e2e/support/namespaces.ts';
import { images, restoreScene } from '../../e2e/support/restore-scene.ts';
import type { RestoreScene } from '../../e2e/support/restore-scene.ts';
import { makeCertificates } from '../../stores/certificates.ts';
import { startVersitygw } from '../../stores/servers.ts';
import type { S3Server } from '../../stores/servers.ts';
import { storeService } from '../manifests.ts';
import { applySecret } from '../scene.ts';
import { startStoreProxy } from '../store-proxy.ts';
import type { StoreProxy } from '../store-proxy.ts';
import { fingerprintOf } from './data.ts';

// Two parts, as the proxy reads it.
export const storePrefix = 'matrix/restore';
export const allUp = '1 2';
export const deadlines = { start: 120, recover: 240, dump: 300, seal: 180 };

export type RestoreFaultScene = {
  namespace: string;
  shop: RestoreScene;
  server: S3Server;
  proxy: StoreProxy;
  // Folder of the server's volume on this machine.
  volume: string;
  // What every Restore brings back: the point in time, and what the tables hold then.
  wanted: { time: string; fingerprint: string };
  operator: () => OperatorProcess;
  // Kills the operator; another one begins.
  replaceOperator: () => Promise<void>;
  close: () => Promise<void>;
};

// An application that needs a while to stop.
const web = { terminationGracePeriodSeconds: 4, containers: [{ name: 'web', image: images['postgres'], command: ['sleep', 'infinity'] }] };

const tierOf = (namespace: string) => ({
  name: 'cloud',
  s3: {
    bucket: 'holdfast',
    prefix: storePrefix,
    endpoint: `https://store.${namespace}.svc:7070`,
    credentialsSecretRef: { name: 'store' },
    caSecretRef: { name: 'store-ca' },
  },
});

// Each lane has a scene in a namespace of its own.
export const openRestoreScene = async (lane: number, say: (line: string) => void): Promise<RestoreFaultScene> => {
  const namespace = `holdfast-test-soak-restore-${lane}`;
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-soak-'));
  const server = await startVersitygw();
  const own = await makeCertificates(directory, [`store.${namespace}.svc`]);
  const proxy = await startStoreProxy(server, own);
  const jobs = { deadlines: Object.fromEntries(Object.entries(deadlines).map(([name, seconds]) => [name, `${seconds}s`])) };
  const shop = restoreScene(namespace, { tier: tierOf(namespace), storageClassName: 'sized', size: '1Gi', web, jobs });
  let operator: OperatorProcess | undefined;
  const operate = async (): Promise<void> => {
    operator = await startOperator(namespace, { AGENT_IMAGES: JSON.stringify({ 17: images['agent-17'] }) });
  };
  const running = (): OperatorProcess => {
    if (operator === undefined) {
      throw new Error('No operator runs.');
    }
    return operator;
  };
  const close = async (): Promise<void> => {
    await operator?.kill();
    await dropNamespaces(namespace);
    await kubectl(['wait', `namespace/${namespace}`, '--for=delete', '--timeout=120s']);
    await letIn(namespace);
    await proxy.stop();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await ownNamespaces(namespace);
    await copySecrets(namespace);
    await applySecret(namespace, 'store', server.writer);
    await applySecret(namespace, 'store-ca', { 'ca.crt': readFileSync(own.caFile, 'utf8') });
    await shop.apply(...storeService({ namespace, storePort: proxy.port }));
    await operate();
    await shop.build();
    const wanted = await fillShop(shop);
    say('the server is backed up');
    return {
      namespace,
      shop,
      server,
      proxy,
      volume: await claimDirectory(namespace, 'data-postgres-0'),
      wanted,
      operator: running,
      async replaceOperator() {
        await running().kill();
        await operate();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

// A backup, and WAL after it: both are needed for what is wanted.
const fillShop = async (shop: RestoreScene): Promise<RestoreFaultScene['wanted']> => {
  await shop.sql('CREATE TABLE noise AS SELECT n, md5(n::text) FROM generate_series(1, 50000) AS n');
  await shop.order(1, 500);
  await shop.apply(backup('first', 'shop'));
  await mustKubectl(shop.inNamespace('wait', 'hb/first', '--for=jsonpath={.status.phase}=Complete', '--timeout=150s'));
  const time = await shop.order(501, 1000);
  const fingerprint = await fingerprintOf(shop);
  await mustKubectl(shop.inNamespace('exec', 'postgres-0', '--', 'sleep', '1.1'));
  await shop.archived(await shop.order(1001, 1001));
  return { time, fingerprint };
};
