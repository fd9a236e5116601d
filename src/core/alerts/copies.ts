// The alert about copies that are late: a backup that one place only holds is lost with it.
import { annotation } from '../../api/group.ts';
import type { Backup } from '../../api/objects.ts';
import { durationMilliseconds, instantOf, soonest } from '../plan/time.ts';
import { nothing, open, stay } from './incident.ts';
import type { AlertFacts, Finding } from './incident.ts';
import { endOf, isLog } from './runs.ts';

type Late = { tier: string; backup: Backup; since: number };

export const laggingTiers = (facts: AlertFacts): Finding => {
  const { now, policy } = facts;
  const grace = durationMilliseconds(policy.spec.objectives.rpo) / 2;
  const [, ...further] = policy.spec.tiers;
  const waiting = further.flatMap(({ name }) => oldestWaiting(facts, name) ?? []);
  const late = waiting.filter(({ since }) => since + grace <= now).toSorted((a, b) => a.since - b.since);
  const [first] = late;
  if (first !== undefined) {
    return open('HoldfastTierLagging', first.since + grace, late.map(describeLate).join(' · '));
  }
  if (waiting.length === 0) {
    return further.every(({ name }) => isLevel(facts, name)) ? nothing : stay(facts, 'HoldfastTierLagging');
  }
  return { againMilliseconds: soonest(...waiting.map(({ since }) => since + grace - now)) ?? 0 };
};

const latestOn = ({ policy }: AlertFacts, tier: string | undefined): number =>
  instantOf(policy.status?.tiers?.find(({ name }) => name === tier)?.latestBackupTime) ?? 0;

const stateOn = ({ status }: Backup, tier: string) => status?.tiers?.find(({ name }) => name === tier)?.state;

const slotOf = ({ metadata }: Backup): number => instantOf(metadata.annotations?.[annotation.slot] ?? metadata.creationTimestamp) ?? 0;

// Whether the tier itself shows what the primary shows: the resources of backups that wait may be gone.
const isLevel = (facts: AlertFacts, tier: string): boolean =>
  latestOn(facts, tier) >= latestOn(facts, facts.policy.spec.tiers[0]?.name) ||
  facts.backups.some((backup) => stateOn(backup, tier) === 'Sealed');

// The oldest backup that waits for its copy, among those newer than what the tier holds already: older ones no longer count for what could be lost.
const oldestWaiting = (facts: AlertFacts, tier: string): Late | undefined => {
  const sealed = facts.backups
    .filter((backup) => !isLog(backup))
    .filter(({ status }) => status?.phase === 'Complete' || status?.phase === 'PartiallyFailed');
  const held = Math.max(latestOn(facts, tier), ...sealed.filter((backup) => stateOn(backup, tier) === 'Sealed').map(slotOf));
  return sealed
    .filter((backup) => stateOn(backup, tier) !== 'Sealed' && slotOf(backup) > held)
    .map((backup) => ({ tier, backup, since: endOf(backup) ?? 0 }))
    .toSorted((a, b) => a.since - b.since)
    .at(0);
};

const describeLate = ({ tier, backup }: Late): string => {
  const message = backup.status?.tiers?.find(({ name }) => name === tier)?.message;
  return `${tier} lacks ${backup.metadata.name}${message === undefined ? '.' : `: ${message}`}`;
};
