// The controller that tells people: gather, find incidents, send what is due, remember it in the status. It shares no queue with others, so
// that a mail server that hangs holds up nothing else.
import type { Backup, BackupPolicy, Restore } from '../api/objects.ts';
import { incidentsOf } from '../core/alerts/incidents.ts';
import { soonest } from '../core/plan/time.ts';
import type { KubeClient } from '../kube/client.ts';
import { createController, sourceOf } from '../kube/controller.ts';
import type { Controller } from '../kube/controller.ts';
import { keyOf, keyOfObject, refOf } from '../kube/object.ts';
import type { Reflector } from '../kube/reflector.ts';
import type { TellContext } from './context.ts';
import { routeOf } from './route.ts';
import { tellAlerts } from './tell-alerts.ts';
import { tellHeartbeat } from './tell-heartbeat.ts';
import { writeTold } from './write.ts';
import type { ToldStatus } from './write.ts';

// Many changes in a row are told of once.
const lingerMilliseconds = 100;

export type NotifierContext = TellContext & {
  client: KubeClient;
  policies: Reflector<BackupPolicy>;
  backups: Reflector<Backup>;
  backupsOf: (policy: BackupPolicy) => Backup[];
  restores: Reflector<Restore>;
  restoresOf: (policy: BackupPolicy) => Restore[];
  // Throws where this process may not act any more: one that slept must not tell what another one has told.
  mayAct?: () => void;
};

export type Notifier = Controller & {
  // Looks at every policy again, without waiting for pauses: the settings have changed.
  again(): void;
};

export const createNotifier = (context: NotifierContext): Notifier => {
  const { policies, backups, restores, log, pauses } = context;
  const unwritten: Unwritten = new Map();
  const controller = createController({
    name: 'notifier',
    log,
    lingerMilliseconds,
    sources: [
      sourceOf(policies, (policy) => [keyOfObject(policy)]),
      sourceOf(backups, ({ metadata, spec }) => [keyOf({ namespace: metadata.namespace, name: spec.policyRef.name })]),
      sourceOf(restores, ({ metadata, spec }) => [keyOf({ namespace: metadata.namespace, name: spec.source.policyRef.name })]),
    ],
    async reconcile(key) {
      context.mayAct?.();
      const policy = policies.cache.get(refOf(key));
      return policy === undefined || policy.metadata.deletionTimestamp !== undefined ? undefined : await tell(context, policy, unwritten);
    },
  });
  return {
    ...controller,
    again() {
      pauses.clear();
      policies.cache.all().forEach((policy) => controller.queue.add(keyOfObject(policy)));
    },
  };
};

// What was told and could not be written yet, by the uid of the policy. It is not told again while the API server is away.
type Unwritten = Map<string, ToldStatus>;

// Sends first and writes then: a process that dies between the two sends again, with the same Message-ID.
const tell = async (context: NotifierContext, cached: BackupPolicy, unwritten: Unwritten): Promise<number | undefined> => {
  const { uid } = cached.metadata;
  const known = unwritten.get(uid);
  const policy = known === undefined ? cached : { ...cached, status: { ...cached.status, ...known } };
  const backups = context.backupsOf(policy);
  const route = routeOf(policy, context.settings(), context.settingsProblem());
  const found = incidentsOf({ now: context.now(), policy, backups, restores: context.restoresOf(policy) });
  const told = await tellAlerts(context, policy, found.incidents, route);
  const beaten = await tellHeartbeat(context, policy, backups, route.sinks);
  const status: ToldStatus = { alerts: told.alerts, heartbeat: beaten.heartbeat };
  unwritten.set(uid, status);
  await writeTold(context, cached, status, { missing: route.missing, failures: [told.problem, beaten.problem] });
  unwritten.delete(uid);
  return soonest(found.againMilliseconds, told.againMilliseconds, beaten.againMilliseconds);
};
