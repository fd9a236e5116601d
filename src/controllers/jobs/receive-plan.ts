// The plan of a receiver of WAL, and of the Jobs of the same verb.
import { mountPath } from '../../api/agent.ts';
import type { ReceivePlan } from '../../api/agent.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import { deadlinesFor } from '../../core/jobs/deadlines.ts';
import type { JobRequest } from '../../core/jobs/request.ts';
import { sizeBytes } from '../../core/plan/size.ts';
import { durationMilliseconds, second } from '../../core/plan/time.ts';
import { acknowledgingTiers } from '../../core/wal/acknowledging.ts';
import { slotNameOf } from '../../core/wal/slot-name.ts';
import { hash8 } from '../hash.ts';
import { findComponent } from './find-in-policy.ts';
import { postgresqlSource, tierPlan } from './plan-parts.ts';

// A gap that comes of it has that reason.
const droppedLast = ({ status }: BackupPolicy, component: string): Pick<ReceivePlan, 'slotDropped'> => {
  const dropped = status?.walArchive?.find((each) => each.component === component)?.dropped;
  return dropped === undefined ? {} : { slotDropped: { time: dropped.time, reason: dropped.reason } };
};

type Base = Pick<ReceivePlan, 'policy' | 'clusterId' | 'verificationKeys'>;

// Every tier gets the WAL; the server may remove what those have that acknowledge, by default the primary.
export const receivePlan = (policy: BackupPolicy, { component: name, receive }: JobRequest, base: Base): ReceivePlan => {
  const component = findComponent(policy, name);
  const source = postgresqlSource(component);
  const walArchive = component.postgresql?.walArchive;
  if (source === undefined || walArchive === undefined || receive === undefined) {
    throw new TypeError(`The component "${component.name}" has no WAL archive, or the request no mode`);
  }
  const { physical: _physical, logical: _logical, ...postgresql } = source;
  const { flushInterval, maxRetained, synchronous } = walArchive;
  const acknowledging = acknowledgingTiers(policy.spec, walArchive);
  return {
    ...base,
    verb: 'receive',
    component: component.name,
    mode: receive.mode,
    tiers: policy.spec.tiers.map((tier) => ({ ...tierPlan(policy, tier), acknowledge: acknowledging.includes(tier.name) })),
    recipients: policy.spec.encryption.recipients,
    signingKeyFile: mountPath.signingKey,
    postgresql,
    slot: slotNameOf(walArchive, { ...base.policy, policy: base.policy.name, component: component.name }, hash8),
    flushSeconds: durationMilliseconds(flushInterval) / second,
    ...(maxRetained === undefined ? {} : { maxRetainedBytes: sizeBytes(maxRetained) }),
    synchronous,
    ...droppedLast(policy, component.name),
    ...(receive.mode === 'Continuous' ? {} : { deadlineSeconds: deadlinesFor(policy, 'receive').runMilliseconds / second }),
  };
};
