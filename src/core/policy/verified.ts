// Whether stored bytes were read again lately, tier by tier, and matched (level L1). Not read is never verified.
import type { NewCondition } from '../plan/conditions.ts';
import { verificationIntervalMilliseconds } from '../plan/rotation.ts';
import { instantOf, isoTime } from '../plan/time.ts';
import { freshTiers } from './belief.ts';
import type { TierSummary } from './belief.ts';
import type { PolicyObserved } from './observed.ts';

const type = 'Verified' as const;

// Twice the interval in which it should be read again is too old.
const oldestMilliseconds = 2 * verificationIntervalMilliseconds;

// The worst of all tiers that hold something.
export const verified = (observed: PolicyObserved, tiers: TierSummary[]): NewCondition => {
  const fresh = freshTiers(observed, tiers);
  const damaged = fresh.filter(({ refused = 0 }) => refused > 0);
  if (damaged.length > 0) {
    const message = `${damaged.map(({ name, refused }) => `${name}: ${refused} backups did not verify`).join(' · ')}. StorageHealthy names them.`;
    return { type, status: 'False', reason: 'DamageFound', message };
  }
  if (fresh.length < tiers.length) {
    const missing = tiers.filter((tier) => !fresh.includes(tier)).map(({ name }) => name);
    return { type, status: 'Unknown', reason: 'FactsStale', message: `Not read lately: ${missing.join(', ')}. StorageHealthy says why.` };
  }
  const holding = fresh.filter(({ backups = 0 }) => backups > 0);
  const unread = holding.filter(({ lastVerifiedTime }) => lastVerifiedTime === undefined);
  if (holding.length === 0 || unread.length > 0) {
    const where =
      holding.length === 0
        ? 'There is no backup to read yet.'
        : `No backup was read whole yet on ${unread.map(({ name }) => name).join(', ')}.`;
    return { type, status: 'Unknown', reason: 'NotVerifiedYet', message: where };
  }
  const old = holding.filter(({ lastVerifiedTime }) => observed.now - (instantOf(lastVerifiedTime) ?? 0) > oldestMilliseconds);
  const said = (old.length > 0 ? old : holding).map(describe).join(' · ');
  return old.length > 0
    ? { type, status: 'Unknown', reason: 'VerificationStale', message: `${said}. Look at the inspect Jobs of these tiers.` }
    : { type, status: 'True', reason: 'BytesVerified', message: `${said} (level L1).` };
};

const describe = ({ name, backups = 0, unverified = 0, lastVerifiedTime }: TierSummary): string =>
  `${name}: ${backups - unverified} of ${backups} backups were read whole and matched, the last one at ${isoTime(instantOf(lastVerifiedTime) ?? 0)}`;
