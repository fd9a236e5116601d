// A Lease of coordination.k8s.io as it goes over the wire.
import type { KubeObject } from './object.ts';
import type { Resource } from './resource.ts';

export const leases: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' };

export type LeaseSpec = {
  holderIdentity?: string | null;
  leaseDurationSeconds?: number | null;
  acquireTime?: string | null;
  renewTime?: string | null;
  leaseTransitions?: number | null;
};
export type Lease = KubeObject & { spec?: LeaseSpec };

// The API server refuses times of a Lease that have not exactly six digits after the point.
export const microTime = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/Z$/, '000Z');

export const holderOf = ({ spec }: Lease): string => spec?.holderIdentity ?? '';

export const durationMilliseconds = ({ spec }: Lease): number => (spec?.leaseDurationSeconds ?? 0) * 1000;

// What a holder writes: renews its own Lease, or takes one over, which is counted.
export const heldBy = (me: string, old: Lease | undefined, wall: number, leaseMilliseconds: number): LeaseSpec => {
  const time = microTime(wall);
  const held = { holderIdentity: me, leaseDurationSeconds: Math.ceil(leaseMilliseconds / 1000), renewTime: time };
  if (old !== undefined && holderOf(old) === me) {
    return held;
  }
  return { ...held, acquireTime: time, leaseTransitions: old === undefined ? 0 : (old.spec?.leaseTransitions ?? 0) + 1 };
};

// What a holder writes that leaves: the next one need not wait.
export const released = (wall: number): LeaseSpec => ({ holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(wall) });
