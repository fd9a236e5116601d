// The operator: settings, wiring, signals. Every replica knows the cluster; the one that holds the Lease works.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { allReflectors, createCaches } from './controllers/caches.ts';
import type { Caches } from './controllers/caches.ts';
import { createBackupController } from './controllers/backup/controller.ts';
import { readClusterId } from './controllers/cluster-id.ts';
import type { OperatorContext } from './controllers/context.ts';
import { createOutputs } from './controllers/jobs/outputs.ts';
import { createPolicyController } from './controllers/policy/controller.ts';
import { createRestoreController } from './controllers/restore/controller.ts';
import { createReceiverLines } from './controllers/receivers/lines.ts';
import { readSettings } from './controllers/settings.ts';
import type { Settings } from './controllers/settings.ts';
import { endAtLast, sendAway, watchUninstall } from './controllers/uninstall.ts';
import type { Uninstall } from './controllers/uninstall.ts';
import { createClient } from './kube/client.ts';
import { connect } from './kube/connection.ts';
import type { Connection } from './kube/connection.ts';
import type { Controller } from './kube/controller.ts';
import { noElection } from './kube/election.ts';
import type { Election } from './kube/election.ts';
import { createEventRecorder } from './kube/events.ts';
import { lead } from './kube/lead.ts';
import type { Part } from './kube/lead.ts';
import { createElection } from './kube/leader.ts';
import type { KubeObject } from './kube/object.ts';
import type { Reflector } from './kube/reflector.ts';
import { stuckPart } from './kube/liveness.ts';
import { ownConfig } from './kube/pod-config.ts';
import { createNotifications } from './notify/notifications.ts';
import { serveHealth } from './server/health.ts';
import { createMetricsPage } from './server/metrics/page.ts';
import type { MetricsPage } from './server/metrics/page.ts';
import { stdoutLog } from './telemetry/log.ts';
import type { Log } from './telemetry/log.ts';
import { createProcessMetrics, watchProcess } from './telemetry/metrics.ts';
import type { ProcessMetrics } from './telemetry/metrics.ts';

const stopController = (log: Log): AbortController => {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info('Stopping', { signal: name });
      stop.abort();
    });
  }
  return stop;
};

const elect = ({ lease }: Settings, connection: Connection, metrics: ProcessMetrics, log: Log, ready: Promise<void>): Election => {
  if (lease === undefined) {
    return noElection(ready);
  }
  const { name, namespace = connection.namespace ?? 'default' } = lease;
  // Not held back by the election that it serves.
  const client = createClient(connection, { onRequest: metrics.requestSeen });
  return createElection({ client, log, namespace, name, identity: `${hostname()}_${randomUUID()}`, ready });
};

// The Job that the chart starts before it is removed.
const beginUninstall = async (
  { uninstall, lease }: Settings,
  connection: Connection,
  { policies }: Caches,
  log: Log,
  finish: () => void,
): Promise<Uninstall | undefined> => {
  if (uninstall === undefined) {
    return undefined;
  }
  const { seconds, deployment } = uninstall;
  const options = { policies: () => policies.cache.all(), log, until: Date.now() + seconds * 1000, now: Date.now, finish };
  endAtLast(options);
  if (deployment !== undefined) {
    const namespace = lease?.namespace ?? connection.namespace ?? 'default';
    await sendAway(createClient(connection, {}), log, { namespace, name: deployment });
  }
  return options;
};

// What was read of an object goes with it.
const forgetDeleted = ({ cache }: Pick<Reflector<KubeObject>, 'cache'>, { forget }: { forget: (uid: string) => void }): void =>
  cache.onChange(({ type, object }) => {
    if (type === 'deleted') {
      forget(object.metadata?.uid ?? '');
    }
  });

const run = async (log: Log): Promise<void> => {
  const settings = readSettings(process.env);
  const stop = stopController(log);
  const { signal } = stop;
  const metrics = createProcessMetrics();
  const connection = connect(await ownConfig());
  const { promise: ready, resolve: markReady } = Promise.withResolvers<void>();
  const election = elect(settings, connection, metrics, log, ready);
  const client = createClient(connection, { onRequest: metrics.requestSeen, beforeWrite: () => election.check() });
  const caches = createCaches(client, log, settings.watchNamespace);
  const reflectors = [...allReflectors(caches), ...election.reflectors];
  let synced = false;
  let controllers: Controller[] = [];
  let page: MetricsPage | undefined;
  const health = await serveHealth(settings.healthPort, {
    broken: () =>
      stuckPart(
        reflectors.map((reflector) => reflector.life()),
        controllers.flatMap((controller) => controller.busy()),
      ),
    notReady: () => (synced ? undefined : 'The first lists have not been read yet.'),
    metrics: () => page?.(),
  });

  // Ends last: what is being finished still wants to know what happens.
  const reading = new AbortController();
  const read = Promise.all(allReflectors(caches).map((reflector) => reflector.run(reading.signal)));
  const clusterId = await readClusterId(client, log, signal);
  const outputs = createOutputs(client, log);
  const receiverLines = createReceiverLines(client, log, Date.now);
  forgetDeleted(caches.jobs, outputs);
  forgetDeleted(caches.deployments, receiverLines);
  const events = createEventRecorder({ client, log, controller: 'holdfast.dev/operator', instance: hostname() });
  const { agentImages } = settings;
  const uninstalling = await beginUninstall(settings, connection, caches, log, () => stop.abort());
  const context: OperatorContext = {
    client,
    caches,
    outputs,
    receiverLines,
    events,
    log,
    now: Date.now,
    agentImages,
    clusterId,
    ...(uninstalling === undefined ? {} : { uninstalling }),
  };
  const notifications = await createNotifications({
    client,
    policies: caches.policies,
    backups: caches.backups,
    backupsOf: caches.backupsOf,
    restores: caches.restores,
    restoresOf: caches.restoresOf,
    log,
    now: Date.now,
    clusterId,
    counted: metrics.deliverySeen,
    mayAct: () => election.check(),
    ...(settings.notifySettingsFile === undefined ? {} : { settingsFile: settings.notifySettingsFile }),
  });
  watchProcess(metrics, {
    isLeader: () => election.isLeading(),
    queues: () => controllers.map(({ name, queue }) => ({ controller: name, size: queue.size() })),
    watches: () => reflectors,
    ...(notifications.areUsable === undefined ? {} : { areNotificationsUsable: notifications.areUsable }),
  });
  page = createMetricsPage({
    process: metrics,
    speaksOfPolicies: () => synced && election.isLeading(),
    policies: () => caches.policies.cache.all(),
    backupsOf: caches.backupsOf,
    restoresOf: caches.restoresOf,
    now: Date.now,
  });
  const announce = async (): Promise<void> => {
    await Promise.all(allReflectors(caches).map((reflector) => reflector.synced));
    synced = true;
    markReady();
    log.info('Ready', { policies: caches.policies.cache.all().length, backups: caches.backups.cache.all().length, port: health.port });
  };
  void announce();
  const settingsWatched = notifications.watchSettings(signal);
  const parts = (): Part[] => {
    if (uninstalling !== undefined) {
      controllers = [createPolicyController(context)];
      return [...controllers, events, watchUninstall(uninstalling)];
    }
    controllers = [
      createBackupController(context),
      createRestoreController(context),
      createPolicyController(context),
      notifications.notifier,
    ];
    return [...controllers, events];
  };
  await lead({ election, parts, signal });
  await settingsWatched;
  await Promise.all([outputs.close(), receiverLines.close()]);
  reading.abort();
  await read;
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
  // Sockets and work that are still open must not keep a failed process alive.
  setTimeout(() => process.exit(), 100).unref();
}
