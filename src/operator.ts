// The operator: settings, wiring, signals.
import { allReflectors, createCaches } from './controllers/caches.ts';
import { createBackupController } from './controllers/backup/controller.ts';
import type { OperatorContext } from './controllers/context.ts';
import { createOutputs } from './controllers/jobs/outputs.ts';
import { createPolicyController } from './controllers/policy/controller.ts';
import { readSettings } from './controllers/settings.ts';
import { createClient } from './kube/client.ts';
import { connect } from './kube/connection.ts';
import type { KubeClient } from './kube/client.ts';
import { KubeError } from './kube/errors.ts';
import { ownConfig } from './kube/pod-config.ts';
import type { KubeObject } from './kube/object.ts';
import { namespaces } from './kube/resource.ts';
import { createNotifications } from './notify/notifications.ts';
import { serveHealth } from './server/health.ts';
import { createMetricsPage } from './server/metrics/page.ts';
import type { MetricsPage } from './server/metrics/page.ts';
import { stdoutLog } from './telemetry/log.ts';
import type { Log } from './telemetry/log.ts';
import { createProcessMetrics, watchProcess } from './telemetry/metrics.ts';

// The uid of kube-system stands for the cluster: it is made once and never changes.
const readClusterId = async (client: KubeClient): Promise<string> => {
  const found = await client.get<KubeObject>(namespaces, { name: 'kube-system' });
  const uid = found?.metadata?.uid;
  if (uid === undefined) {
    throw new KubeError({ status: 404, reason: 'NotFound', message: 'The namespace kube-system is missing, so this cluster has no id.' });
  }
  return uid;
};

const stopSignal = (log: Log): AbortSignal => {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info('Stopping', { signal: name });
      stop.abort();
    });
  }
  return stop.signal;
};

// There is one operator, and it acts.
const isLeader = (): boolean => true;

const run = async (log: Log): Promise<void> => {
  const settings = readSettings(process.env);
  const signal = stopSignal(log);
  const metrics = createProcessMetrics();
  const client = createClient(connect(await ownConfig()), { onRequest: metrics.requestSeen });
  let synced = false;
  let page: MetricsPage | undefined;
  const health = await serveHealth(settings.healthPort, {
    broken: () => undefined,
    notReady: () => (synced ? undefined : 'The first lists have not been read yet.'),
    metrics: () => page?.(),
  });
  const caches = createCaches(client, log, settings.watchNamespace);
  const outputs = createOutputs(client, log);
  caches.jobs.cache.onChange(({ type, object }) => {
    if (type === 'deleted') {
      outputs.forget(object.metadata?.uid ?? '');
    }
  });
  const clusterId = await readClusterId(client);
  const context: OperatorContext = { client, caches, outputs, log, now: Date.now, agentImages: settings.agentImages, clusterId };
  const notifications = await createNotifications({
    client,
    policies: caches.policies,
    backups: caches.backups,
    backupsOf: caches.backupsOf,
    log,
    now: Date.now,
    clusterId,
    counted: metrics.deliverySeen,
    ...(settings.notifySettingsFile === undefined ? {} : { settingsFile: settings.notifySettingsFile }),
  });
  const controllers = [createPolicyController(context), createBackupController(context), notifications.notifier];
  const reflectors = allReflectors(caches);
  watchProcess(metrics, {
    isLeader,
    queues: () => controllers.map(({ name, queue }) => ({ controller: name, size: queue.size() })),
    watches: () => reflectors,
    ...(notifications.areUsable === undefined ? {} : { areNotificationsUsable: notifications.areUsable }),
  });
  page = createMetricsPage({
    process: metrics,
    speaksOfPolicies: () => synced && isLeader(),
    policies: () => caches.policies.cache.all(),
    backupsOf: caches.backupsOf,
    now: Date.now,
  });
  const announce = async (): Promise<void> => {
    await Promise.all(reflectors.map((reflector) => reflector.synced));
    synced = true;
    log.info('Ready', { policies: caches.policies.cache.all().length, backups: caches.backups.cache.all().length, port: health.port });
  };
  void announce();
  await Promise.all([notifications.watchSettings(signal), ...[...reflectors, ...controllers].map((part) => part.run(signal))]);
  await outputs.close();
  await health.close();
  await client.close();
  log.info('Stopped');
};

const log = stdoutLog({ component: 'operator' });
try {
  await run(log);
} catch (error) {
  log.error('Could not go on', { error });
  process.exitCode = 1;
  // Sockets that are still open must not keep a failed process alive.
  setTimeout(() => process.exit(), 1000).unref();
}
