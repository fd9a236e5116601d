// What a restore in place needs, looked at one by one before anybody is asked.
import type { BackupPolicy } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { sizeBytes } from '../../core/plan/size.ts';
import type { Cluster } from '../common/cluster.ts';
import { sizeText } from '../common/figures.ts';
import { ok, problem, unknown } from '../doctor/finding.ts';
import type { Finding } from '../doctor/finding.ts';
import { secretRecipients } from './identity.ts';
import type { Identity } from './identity.ts';
import type { Target } from './target.ts';

export const policyFinding = ({ metadata: { name, namespace }, status }: BackupPolicy): Finding => {
  const ready = findCondition(status?.conditions, 'Ready');
  const which = `${namespace}/${name}`;
  return ready?.status === 'False' && ready.reason !== 'Suspended'
    ? unknown(
        'policy',
        `${which} is there, and not ready (${ready.reason}): ${ready.message}`,
        `kubectl holdfast doctor ${name} -n ${namespace}`,
      )
    : ok('policy', `${which} is there.`);
};

export const identityFinding = async (cluster: Cluster, identity: Identity, policy: BackupPolicy): Promise<Finding> => {
  const check = 'identity';
  const next = 'Take identity.txt out of the safe, the one that keygen wrote for this policy.';
  const found = identity.kind === 'file' ? { recipients: identity.recipients } : await secretRecipients(cluster, identity);
  if ('missing' in found) {
    return problem(check, found.missing, next);
  }
  if ('unread' in found) {
    return unknown(check, `It could not be checked: ${found.unread}`, 'The plan opens the keys before anything is touched.');
  }
  return found.recipients.some((each) => policy.spec.encryption.recipients.includes(each))
    ? ok(
        check,
        identity.kind === 'file' ? 'It opens what the policy encrypts.' : `The Secret "${identity.name}" opens what the policy encrypts.`,
      )
    : unknown(
        check,
        'It is not one of those that the policy encrypts for now; it may open older backups. The plan opens the keys before anything is touched.',
        next,
      );
};

export const targetFinding = ({ claim, directory, stops, trouble, unread }: Target, namespace: string): Finding => {
  const check = 'target';
  if (unread !== undefined) {
    return unknown(
      check,
      `${claim}; what uses it could not be looked at: ${unread}`,
      'The operator looks at it before anything is stopped.',
    );
  }
  if (trouble !== undefined) {
    return problem(
      check,
      `${trouble.code}: ${trouble.message}`,
      `Mend that, say it with --claim, --path and --run-as, or see what there is: kubectl get persistentvolumeclaims -n ${namespace}`,
    );
  }
  const used = stops.length === 0 ? 'Nothing uses it' : `To be stopped for it: ${stops.join(', ')}`;
  return ok(check, `${claim}${directory === undefined ? '' : `/${directory}`} is there. ${used}.`);
};

// The old data stays beside the new until the restore is verified. How much of a volume is used only a pod on it can tell.
export const roomFinding = ({ claim, capacity }: Target, { status }: BackupPolicy): Finding => {
  const check = 'room';
  const bytes = status?.latestBackup?.bytes;
  const all = capacity === undefined ? undefined : sizeBytes(capacity);
  if (all !== undefined && bytes !== undefined && all < bytes) {
    return problem(
      check,
      `${claim} holds ${sizeText(all)}, and the newest backup alone takes ${sizeText(bytes)}.`,
      `Make the claim larger: kubectl edit persistentvolumeclaim ${claim}`,
    );
  }
  const size = all === undefined ? '' : ` holds ${sizeText(all)}`;
  return unknown(
    check,
    `${claim}${size}: whether the new data fits beside the old is measured by the Job, before it overwrites anything. Where it does not, the old data is copied into the store first, which takes its time.`,
    'Where that cannot be either: --safety-backup BestEffort, or a larger claim.',
  );
};
