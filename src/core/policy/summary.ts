// What the policy's status says of the store. A figure that was not measured stays as it was, or absent: never 0.
import type { EntryLine, WindowLine } from '../../api/agent.ts';
import type { PolicyStatus } from '../../api/policy.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import { instantOf, isoTime } from '../plan/time.ts';
import { hasMoved } from './moved.ts';
import type { PolicyObserved, TierCatalogue } from './observed.ts';
import { recoverability, restorableByWal } from './recoverability.ts';

type Summary = Pick<PolicyStatus, 'tiers' | 'components' | 'latestBackup' | 'repositoryId' | 'recoverability'>;
type TierSummary = NonNullable<PolicyStatus['tiers']>[number];
type ComponentSummary = NonNullable<PolicyStatus['components']>[number];

// `archives`: what is known of the receivers of WAL.
export const summary = (observed: PolicyObserved, archives: readonly WalArchiveStatus[]): Summary => {
  const { policy, catalogue } = observed;
  const [primary] = policy.spec.tiers;
  const read = primary && catalogue[primary.name];
  const latest = newestPassed(read?.entries ?? []);
  const repositoryId = read?.repositoryId ?? policy.status?.repositoryId;
  const latestBackup = read?.entries === undefined ? policy.status?.latestBackup : latest && describeLatest(observed, latest);
  const components = policy.spec.components.map(({ name }) => componentSummary(observed, name, read));
  const window = recoverability(observed, archives);
  return {
    tiers: policy.spec.tiers.map(({ name }) => tierSummary(observed, name, archives)),
    components,
    ...(window === undefined ? {} : { recoverability: window }),
    ...(repositoryId === undefined ? {} : { repositoryId }),
    ...(latestBackup === undefined ? {} : { latestBackup }),
  };
};

// One whose slot is no time cannot be placed; the API server would refuse the whole status because of it.
const passed = (entries: EntryLine[]): EntryLine[] =>
  entries
    .filter(({ verdict, slot }) => verdict === 'Passed' && instantOf(slot) !== undefined)
    .toSorted((a, b) => a.backupId.localeCompare(b.backupId));

const slotTime = (entry: EntryLine | undefined): string | undefined => {
  const instant = instantOf(entry?.slot);
  return instant === undefined ? undefined : isoTime(instant);
};

const newestPassed = (entries: EntryLine[]): EntryLine | undefined => passed(entries).at(-1);

// What a restore of everything from one tier would bring back: of each component the newest, by a backup or by WAL behind one, of those the oldest. None
// while one has nothing.
const restorableTime = (
  observed: PolicyObserved,
  tier: string,
  entries: EntryLine[],
  archives: readonly WalArchiveStatus[],
): string | undefined => {
  const windows = observed.catalogue[tier]?.windows ?? [];
  const perComponent = observed.policy.spec.components.map(({ name }) => [
    ...ofPresent(
      passed(entries),
      windows.find(({ component }) => component === name),
    ).flatMap(({ components }) => instantOf(components.find((each) => each.name === name)?.restorableTo) ?? []),
    ...[restorableByWal(observed, tier, name, archives) ?? []].flat(),
  ]);
  return perComponent.every((points) => points.length > 0)
    ? isoTime(Math.min(...perComponent.map((points) => Math.max(...points))))
    : undefined;
};

// A backup of a history that the server has left, such as one from before it was set back, says nothing of what could be lost now.
const ofPresent = (entries: EntryLine[], window: WindowLine | undefined): EntryLine[] =>
  window?.present === undefined ? entries : entries.filter(({ backupId }) => backupId === window.present?.backupId);

const describeLatest = ({ backups }: PolicyObserved, entry: EntryLine): NonNullable<PolicyStatus['latestBackup']> => {
  const name = backups.find(({ status }) => status.backupId === entry.backupId)?.name;
  return { ...(name === undefined ? {} : { name }), backupId: entry.backupId, bytes: entry.bytes, seconds: entry.seconds };
};

const tierSummary = (observed: PolicyObserved, name: string, archives: readonly WalArchiveStatus[]): TierSummary => {
  const { policy, catalogue } = observed;
  const read = catalogue[name];
  const before = policy.status?.tiers?.find((tier) => tier.name === name);
  if (read === undefined) {
    return before ?? { name };
  }
  const latest = read.entries === undefined ? before?.latestBackupTime : slotTime(newestPassed(read.entries));
  const restorable = read.entries === undefined ? before?.restorableTime : restorableTime(observed, name, read.entries, archives);
  return {
    name,
    ...(latest === undefined ? {} : { latestBackupTime: latest }),
    ...(restorable === undefined || hasMoved(read.windows, archives) ? {} : { restorableTime: restorable }),
    backups: read.backups,
    refused: read.refused,
    measuredTime: isoTime(read.measuredTime),
    ...tierFigures(read.facts),
  };
};

// Figures of the newest reading only: an old one beside a new time would look as if it were new.
const tierFigures = ({ stored, abandoned, volume, verified, writer }: NonNullable<TierCatalogue['facts']> = {}): Partial<TierSummary> => {
  const verifiedInstant = instantOf(verified?.newestTime);
  return {
    ...(stored === undefined ? {} : { usedBytes: stored.dataBytes + stored.manifestBytes + stored.otherBytes }),
    ...(abandoned === undefined ? {} : { abandonedBytes: abandoned.bytes }),
    ...(volume === undefined ? {} : { capacityBytes: volume.capacityBytes, freeBytes: volume.freeBytes }),
    ...(verifiedInstant === undefined ? {} : { lastVerifiedTime: isoTime(verifiedInstant) }),
    ...(verified === undefined ? {} : { unverified: verified.unverified }),
    ...(writer === undefined ? {} : { epoch: writer.epoch }),
  };
};

const componentSummary = ({ policy }: PolicyObserved, name: string, read: TierCatalogue | undefined): ComponentSummary => {
  const before = policy.status?.components?.find((component) => component.name === name) ?? { name };
  if (read?.entries === undefined) {
    return before;
  }
  const newest = passed(read.entries).findLast(({ components }) => components.some((each) => each.name === name));
  const facts = newest?.components.find((each) => each.name === name);
  const slot = slotTime(newest);
  if (slot === undefined || facts === undefined) {
    return { name };
  }
  const whole = passed(read.entries).flatMap(({ components }) =>
    components.filter((each) => each.name === name && each.parent === undefined),
  );
  const wholeBytes = whole.at(-1)?.bytes;
  return {
    name,
    lastSuccessTime: slot,
    bytes: facts.bytes,
    ...(wholeBytes === undefined ? {} : { wholeBytes }),
    ...(facts.restorableTo === undefined ? {} : { restorableTo: facts.restorableTo }),
  };
};
