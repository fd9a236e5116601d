// Names that Holdfast gives. The same thing always gets the same name, so that making it twice is refused by the API server.
import type { RunType } from '../../api/backup-type.ts';
import { compactTime } from './time.ts';

const longestJobName = 63;
const longestPolicyPart = 24;

// Name of the Backup that a schedule makes: `shop-full-202611220200`.
export const scheduledBackupName = (policy: string, type: RunType, slot: number): string =>
  `${policy}-${type.toLowerCase()}-${compactTime(slot).replace('T', '').slice(0, 12)}`;

// Name of a backup in the store; sorts by time. `uidHash`: eight hex digits of SHA-256 of the Backup's uid.
export const backupIdOf = (slot: number, type: RunType, uidHash: string): string => `${compactTime(slot)}-${type.toLowerCase()}-${uidHash}`;

// Name of a Job, at most 63 characters: the policy, eight hex digits, what it does, and the number of the attempt.
export const jobName = (policy: string, hash: string, what: string, attempt: number): string => {
  const rest = `-${hash}-${what}-${attempt}`;
  return `${policy.slice(0, Math.min(longestPolicyPart, longestJobName - rest.length))}${rest}`;
};

// Name of the claim that Holdfast makes for a tier.
export const claimName = (policy: string, tier: string): string => `${policy}-${tier}`;

// A label holds 63 characters; a longer name is cut and told apart by its hash.
export const labelValue = (name: string, hashOf: (text: string) => string): string =>
  name.length <= 63 ? name : `${name.slice(0, 54)}-${hashOf(name)}`;
