// Writes what was told into the status of a policy.
import { group, version } from '../api/group.ts';
import type { BackupPolicy } from '../api/objects.ts';
import type { AlertStatus, PolicyStatus } from '../api/policy.ts';
import { dropConditions, setCondition } from '../core/plan/conditions.ts';
import type { NewCondition } from '../core/plan/conditions.ts';
import type { KubeClient } from '../kube/client.ts';
import { hasReason } from '../kube/errors.ts';
import { mergePatch } from '../kube/merge-patch.ts';
import type { Reflector } from '../kube/reflector.ts';
import type { Resource } from '../kube/resource.ts';
import { separator } from './tell-heartbeat.ts';

type Writer = { client: KubeClient; policies: Reflector<BackupPolicy>; now: () => number };
export type ToldStatus = { alerts: AlertStatus[]; heartbeat: PolicyStatus['heartbeat'] };
type Problems = { missing: string | undefined; failures: (string | undefined)[] };

const backupPolicies: Resource = { group, version, plural: 'backuppolicies', kind: 'BackupPolicy' };

// First what was told, whatever else has changed meanwhile: these fields are nobody else's, and a lost write would be a second mail.
// Then the condition, which lies in a list that others write, too.
export const writeTold = async (writer: Writer, policy: BackupPolicy, told: ToldStatus, problems: Problems): Promise<void> => {
  const { alerts, heartbeat } = policy.status ?? {};
  const wanted = { ...told, alerts: told.alerts.length === 0 ? undefined : told.alerts };
  const change = mergePatch({ alerts, heartbeat }, wanted);
  const written = change === undefined ? policy : await patch(writer, policy, { metadata: { uid: policy.metadata.uid }, status: change });
  if (written !== undefined) {
    await writeCondition(writer, written, problems);
  }
};

const writeCondition = async (writer: Writer, policy: BackupPolicy, problems: Problems): Promise<void> => {
  const { generation, resourceVersion } = policy.metadata;
  const before = policy.status?.conditions ?? [];
  const wanted = failing(problems);
  const conditions =
    wanted === undefined ? dropConditions(before, 'NotifyFailing') : setCondition(before, wanted, { now: writer.now(), generation });
  const change = mergePatch({ conditions: before }, { conditions });
  if (change !== undefined) {
    await patch(writer, policy, { status: change }, resourceVersion);
  }
};

const failing = ({ missing, failures }: Problems): NewCondition | undefined => {
  const failed = failures.filter((each) => each !== undefined);
  if (missing === undefined && failed.length === 0) {
    return undefined;
  }
  return {
    type: 'NotifyFailing',
    status: 'True',
    reason: missing === undefined ? 'DeliveryFailed' : 'RouteMissing',
    message: missing ?? failed.join(separator),
  };
};

// Undefined where the policy is gone, or another one has its name by now.
const patch = async (
  { client, policies }: Writer,
  { metadata }: BackupPolicy,
  change: object,
  resourceVersion?: string,
): Promise<BackupPolicy | undefined> => {
  const ref = { namespace: metadata.namespace, name: metadata.name };
  const options = { subresource: 'status', ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  try {
    const written = await client.patch<BackupPolicy>(backupPolicies, ref, change, options);
    policies.cache.remember(written);
    return written;
  } catch (error) {
    if (hasReason(error, 'NotFound')) {
      return undefined;
    }
    throw error;
  }
};
