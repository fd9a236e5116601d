// Before Holdfast is removed: its receivers stop and their replication slots go, for no server shall keep WAL that nobody will ever ask for.
// An operator of its own does that, as a Job of the chart, in the place of those that work. It ends in good order whatever it could not do.
import { slotFinalizer } from '../api/group.ts';
import type { BackupPolicy } from '../api/objects.ts';
import { leftBehind } from '../core/receiver-slots/slots.ts';
import { pause } from '../kube/backoff.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Part } from '../kube/lead.ts';
import type { Resource } from '../kube/resource.ts';
import type { Log } from '../telemetry/log.ts';

const deployments: Resource = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment' };

const lookMilliseconds = 1000;
// Beside the time for the servers: until it leads, and until the last policy is let go.
const graceMilliseconds = 45_000;

// The operators of the release leave: they would start the receivers again.
export const sendAway = async (client: KubeClient, log: Log, deployment: { namespace: string; name: string }): Promise<void> => {
  try {
    await client.patch(deployments, deployment, { spec: { replicas: 0 } });
  } catch (error) {
    log.error('The operator could not be scaled to 0; it goes on, and the slots stay', { deployment: deployment.name, error });
  }
};

export type Uninstall = {
  policies: () => BackupPolicy[];
  log: Log;
  until: number;
  now: () => number;
  // Called once: everything is dropped, or there is no time left.
  finish: () => void;
};

const isHeld = ({ metadata }: BackupPolicy): boolean => metadata.finalizers?.includes(slotFinalizer) === true;

// Says what is left. Nobody is held up by it: a policy that stays held would never go once no operator is there.
const report = ({ policies, log }: Uninstall): void => {
  const left = policies().flatMap(({ metadata, status }) =>
    leftBehind(status?.walArchive ?? []).map((message) => ({ policy: `${metadata.namespace}/${metadata.name}`, message })),
  );
  left.forEach(({ policy, message }) => log.error(message, { BackupPolicy: policy }));
  policies()
    .filter(isHeld)
    .forEach(({ metadata: { namespace, name } }) =>
      log.error(
        `The BackupPolicy is still held. To delete it without an operator: kubectl patch backuppolicy ${name} --namespace ${namespace} --type=json --patch '[{"op":"remove","path":"/metadata/finalizers"}]'`,
      ),
    );
  if (left.length === 0) {
    log.info('No replication slot of Holdfast is left on any server');
  }
};

// Watches while the controller lets go of policies.
export const watchUninstall = (options: Uninstall): Part => ({
  async run(signal) {
    while (!signal.aborted && options.policies().some(isHeld) && options.now() < options.until + graceMilliseconds) {
      await pause(lookMilliseconds, signal);
    }
    report(options);
    options.finish();
  },
});

// Where it never comes to lead, it ends all the same.
export const endAtLast = (options: Uninstall): void => {
  const left = options.until + 2 * graceMilliseconds - options.now();
  setTimeout(() => {
    report(options);
    options.finish();
    setTimeout(() => process.exit(), 5000).unref();
  }, left).unref();
};
