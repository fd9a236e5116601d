// Whether the volumes have room for what comes.
import type { NewCondition } from '../plan/conditions.ts';
import { freshTiers } from './belief.ts';
import type { TierSummary } from './belief.ts';
import type { PolicyObserved } from './observed.ts';

const type = 'CapacityOK' as const;
const warnShare = 0.8;
const fullShare = 0.9;

type Volume = { name: string; used: number };

// The fullest volume decides. A bucket has no size.
export const capacity = (observed: PolicyObserved, tiers: TierSummary[]): NewCondition => {
  const names = new Set(observed.policy.spec.tiers.filter((tier) => tier.persistentVolumeClaim !== undefined).map(({ name }) => name));
  if (names.size === 0) {
    return { type, status: 'True', reason: 'NoVolumeTier', message: 'No tier is a volume: buckets have no size of their own.' };
  }
  const volumes = freshTiers(observed, tiers)
    .filter(({ name }) => names.has(name))
    .flatMap(usedShare);
  const [fullest] = volumes.toSorted((a, b) => b.used - a.used);
  if (fullest !== undefined && fullest.used > fullShare) {
    const message = `${said(fullest)}. Make the claim larger before a run fails; nothing is deleted by itself.`;
    return { type, status: 'False', reason: 'VolumeAlmostFull', message };
  }
  if (fullest === undefined || volumes.length < names.size) {
    const missing = [...names].filter((name) => !volumes.some((volume) => volume.name === name));
    return { type, status: 'Unknown', reason: 'NotMeasured', message: `The size of ${missing.join(', ')} was not measured lately.` };
  }
  return fullest.used > warnShare
    ? { type, status: 'True', reason: 'VolumeFilling', message: `${said(fullest)}. Plan for a larger claim.` }
    : { type, status: 'True', reason: 'SpaceEnough', message: `${said(fullest)}.` };
};

const usedShare = ({ name, capacityBytes, freeBytes }: TierSummary): Volume[] =>
  capacityBytes === undefined || freeBytes === undefined || capacityBytes === 0 ? [] : [{ name, used: 1 - freeBytes / capacityBytes }];

// In steps of five, so that the message does not move with every reading.
const said = ({ name, used }: Volume): string => `The volume of ${name} is about ${Math.round(used * 20) * 5} % full`;
