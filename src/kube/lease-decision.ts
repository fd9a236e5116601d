// Whether to write a Lease, to wait, or to give up. All times are milliseconds of one steady clock of this process: what others wrote into
// the Lease by their clocks is never compared with ours.

export type LeaseLimits = {
  // A holder that has not renewed for so long may be replaced.
  leaseMilliseconds: number;
  renewMilliseconds: number;
  // A holder that could not renew for so long stops: well before anybody may replace it.
  loseMilliseconds: number;
};

export type LeaseFacts = {
  now: number;
  me: string;
  // Undefined: there is no Lease. Holder '': it was released.
  record?: { holder: string; milliseconds: number };
  // When the record was last seen to change, or to go. Undefined: none was ever there.
  changedAt?: number;
  // When our last write that succeeded was sent.
  renewedAt?: number;
};

export type LeaseDecision = { type: 'write' } | { type: 'wait'; milliseconds: number } | { type: 'lost'; why: string };

// Somebody may have written any number.
const longestLeaseMilliseconds = 300_000;

export const decideLease = (facts: LeaseFacts, limits: LeaseLimits): LeaseDecision =>
  facts.renewedAt === undefined ? decideStandby(facts, limits) : decideHolder(facts, facts.renewedAt, limits);

const decideHolder = (facts: LeaseFacts, renewedAt: number, limits: LeaseLimits): LeaseDecision => {
  const why = whyLost({ ...facts, renewedAt }, limits);
  return why === undefined ? waitOrWrite(renewedAt + limits.renewMilliseconds - facts.now) : { type: 'lost', why };
};

const decideStandby = ({ now, me, record, changedAt }: LeaseFacts, { leaseMilliseconds }: LeaseLimits): LeaseDecision => {
  // A Lease that names us is one whose answer we did not get.
  if (changedAt === undefined || record?.holder === '' || record?.holder === me) {
    return { type: 'write' };
  }
  const wanted = record?.milliseconds ?? leaseMilliseconds;
  const duration = wanted > 0 && wanted <= longestLeaseMilliseconds ? wanted : leaseMilliseconds;
  return waitOrWrite(changedAt + duration - now);
};

const waitOrWrite = (milliseconds: number): LeaseDecision => (milliseconds > 0 ? { type: 'wait', milliseconds } : { type: 'write' });

// Why a holder may not go on; undefined: it may.
export const whyLost = (
  { now, me, record, renewedAt }: LeaseFacts & { renewedAt: number },
  { loseMilliseconds }: Pick<LeaseLimits, 'loseMilliseconds'>,
): string | undefined => {
  if (record === undefined) {
    return 'the Lease was deleted';
  }
  if (record.holder !== me) {
    return record.holder === '' ? 'the Lease was released by somebody else' : `the Lease belongs to ${record.holder} now`;
  }
  return now - renewedAt >= loseMilliseconds ? `the Lease was last renewed ${((now - renewedAt) / 1000).toFixed(1)} s ago` : undefined;
};
