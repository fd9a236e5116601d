// Whether the tiers could be read, and all that was found in them verified. Not read is never healthy.
import type { WriterFacts } from '../../api/agent.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { findCondition } from '../plan/conditions.ts';
import { isOverdue } from './inspections.ts';
import type { TierReading } from './inspections.ts';
import type { PolicyObserved } from './observed.ts';
import { readsOf } from './reads.ts';

type Finding = { rank: number; reason: NewCondition['reason']; status: NewCondition['status']; message: string };

const healthy: Finding = {
  rank: 0,
  reason: 'AllVerified',
  status: 'True',
  message: 'Every manifest that was found verified, on every tier.',
};

const separator = ' · ';

// What a message of several tiers says of one of them.
const remarkOn = (tier: string, message: string): string | undefined =>
  message.split(separator).find((part) => part.startsWith(`${tier}: `));

// The worst of all tiers.
export const storageHealth = (observed: PolicyObserved, readings: TierReading[]): NewCondition => {
  const findings = readings.map((reading) => judgeTier(observed, reading)).toSorted((a, b) => b.rank - a.rank);
  const [worst = healthy] = findings;
  const message = findings
    .filter(({ rank }) => rank === worst.rank)
    .map((finding) => finding.message)
    .join(separator);
  return { type: 'StorageHealthy', status: worst.status, reason: worst.reason, message: worst.rank === 0 ? healthy.message : message };
};

const judgeTier = (observed: PolicyObserved, { tier, verdict }: TierReading): Finding => {
  switch (verdict?.type) {
    case 'Failed':
    case 'Lost':
      return unreadable(`${tier}: ${verdict.message}`);
    case 'Waiting':
      return verdict.message === undefined || wasRead(observed, tier)
        ? fromLastReading(observed, tier)
        : notMeasured(`${tier} is being read for the first time. ${verdict.message}`);
    case undefined:
    case 'Running':
    case 'Succeeded':
      return fromLastReading(observed, tier);
  }
};

const unreadable = (message: string): Finding => ({ rank: 4, status: 'False', reason: 'StoreUnreadable', message });
const notMeasured = (message: string): Finding => ({ rank: 1, status: 'Unknown', reason: 'NotMeasured', message });

const lastSummary = ({ policy }: PolicyObserved, tier: string) => policy.status?.tiers?.find(({ name }) => name === tier);

const wasRead = (observed: PolicyObserved, tier: string): boolean =>
  (observed.catalogue[tier] ?? lastSummary(observed, tier)?.measuredTime) !== undefined;

const fromLastReading = (observed: PolicyObserved, tier: string): Finding => {
  const before = findCondition(observed.policy.status?.conditions, 'StorageHealthy');
  // A reading that was stopped before it started leaves no Job behind, only this. An older reading that went well does not outweigh it.
  const remark = before?.reason === 'StoreUnreadable' ? remarkOn(tier, before.message) : undefined;
  if (remark !== undefined && (observed.catalogue[tier] === undefined || isOverdue(observed, tier))) {
    return unreadable(remark);
  }
  if (!wasRead(observed, tier)) {
    return notMeasured(`${tier} has not been read yet.`);
  }
  return (
    fromMemory(observed, tier) ??
    superseded(observed, tier) ??
    fromEntries(observed, tier) ??
    damaged(observed, tier) ??
    reading(observed, tier) ??
    healthy
  );
};

// What the last reading found is believed until there is a newer one, also by an operator that has just started.
const lasting = new Set(['OnlyReads', 'WriterSuperseded', 'BackupDamaged', 'ObjectDamaged', 'ManifestRefused']);

const fromMemory = ({ policy, catalogue }: PolicyObserved, tier: string): Finding | undefined => {
  const before = findCondition(policy.status?.conditions, 'StorageHealthy');
  const remark = before !== undefined && lasting.has(before.reason) ? remarkOn(tier, before.message) : undefined;
  return catalogue[tier] !== undefined || before === undefined || remark === undefined
    ? undefined
    : before.reason === 'OnlyReads'
      ? onlyReads(remark)
      : { rank: 3, status: 'False', reason: before.reason as Finding['reason'], message: remark };
};

// The writer, where it is another one.
const otherWriter = ({ catalogue }: PolicyObserved, tier: string): WriterFacts | undefined => {
  const writer = catalogue[tier]?.facts?.writer;
  return writer?.ours === false ? writer : undefined;
};

const describeWriter = ({ namespace, name, clusterId, epoch, startTime }: WriterFacts): string =>
  `its writer is the policy ${namespace}/${name} of the cluster ${clusterId} (epoch ${epoch}, since ${startTime})`;

const takeOverCommand = ({ policy: { metadata } }: PolicyObserved): string =>
  `kubectl holdfast adopt ${metadata.name} -n ${metadata.namespace} --take-over --confirm ${metadata.namespace}/${metadata.name}`;

// This policy was made to read what that one wrote.
const isMeant = ({ policy }: PolicyObserved, { namespace, name }: WriterFacts): boolean => {
  const reads = readsOf(policy);
  return reads?.namespace === namespace && reads.name === name;
};

const superseded = (observed: PolicyObserved, tier: string): Finding | undefined => {
  const writer = otherWriter(observed, tier);
  if (writer === undefined || isMeant(observed, writer)) {
    return undefined;
  }
  const message = `${tier}: ${describeWriter(writer)}. Nothing of this policy is written there. To write again from here: ${takeOverCommand(observed)}`;
  return { rank: 3.5, status: 'False', reason: 'WriterSuperseded', message };
};

const onlyReads = (message: string): Finding => ({ rank: 0.5, status: 'True', reason: 'OnlyReads', message });

const reading = (observed: PolicyObserved, tier: string): Finding | undefined => {
  const writer = otherWriter(observed, tier);
  return (
    writer &&
    onlyReads(
      `${tier}: this policy only reads, and every manifest verified: ${describeWriter(writer)}; to write from here: ${takeOverCommand(observed)}`,
    )
  );
};

const damageCodes = new Set(['ObjectMissing', 'SizeMismatch', 'DigestMismatch']);

const fromEntries = (observed: PolicyObserved, tier: string): Finding | undefined => {
  const refused = observed.catalogue[tier]?.refused ?? lastSummary(observed, tier)?.refused ?? 0;
  if (refused === 0) {
    return undefined;
  }
  const entries = (observed.catalogue[tier]?.entries ?? []).filter(({ verdict }) => verdict !== 'Passed');
  const failed = entries.filter(({ verdict }) => verdict === 'Failed');
  const named = (failed.length > 0 ? failed : entries)
    .slice(0, 3)
    .map(({ backupId, message, code }) => `${backupId}: ${message ?? code ?? 'refused'}`);
  if (entries.length > 0 && failed.length === 0) {
    return { rank: 2, status: 'Unknown', reason: 'StoreUnreadable', message: `${tier}: ${named.join('; ')}` };
  }
  if (failed.length > 0 && failed.every(({ code }) => damageCodes.has(code ?? ''))) {
    return { rank: 3, status: 'False', reason: 'BackupDamaged', message: `${tier}: ${refused} backups are damaged. ${named.join('; ')}` };
  }
  const message = `${tier}: ${refused} manifests were refused. ${named.join('; ')}`.trim();
  return { rank: 3, status: 'False', reason: 'ManifestRefused', message };
};

const damaged = ({ catalogue }: PolicyObserved, tier: string): Finding | undefined => {
  const { objects, first } = catalogue[tier]?.facts?.damaged ?? { objects: 0, first: [] };
  const named = first.map(({ key, message }) => `${key}: ${message}`).join('; ');
  return objects === 0
    ? undefined
    : { rank: 2.5, status: 'False', reason: 'ObjectDamaged', message: `${tier}: ${objects} objects are damaged. ${named}` };
};
