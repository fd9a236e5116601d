// A status stays under 32 KiB: etcd, every list and every watch carry it.
import type { RestoreStatus } from '../../api/restore-status.ts';
import { cut } from '../plan/conditions.ts';

const mostBytes = 32 * 1024 - 1;
const lengths = [1024, 512, 256, 128];
const shortest = 64;

const bytesOf = (status: RestoreStatus): number => new TextEncoder().encode(JSON.stringify(status)).length;

// Leaves out the lists of chains, then cuts texts, until the status is small enough. What decisions need is never cut.
export const fitStatus = (status: RestoreStatus): RestoreStatus => {
  if (bytesOf(status) <= mostBytes) {
    return status;
  }
  const bare = withoutChains(status);
  const most = lengths.find((length) => bytesOf(limited(bare, length)) <= mostBytes) ?? shortest;
  return bytesOf(bare) <= mostBytes ? bare : limited(bare, most);
};

type Plan = NonNullable<RestoreStatus['plan']>;

const withPlanned = (status: RestoreStatus, change: (planned: Plan['components'][number]) => Plan['components'][number]): RestoreStatus =>
  status.plan === undefined ? status : { ...status, plan: { ...status.plan, components: status.plan.components.map(change) } };

const withoutChains = (status: RestoreStatus): RestoreStatus => withPlanned(status, ({ chain: _chain, ...planned }) => planned);

const withoutNotes = (status: RestoreStatus): RestoreStatus => {
  const { notes: _, ...plan } = status.plan ?? {};
  return status.plan === undefined ? status : { ...status, plan: plan as Plan };
};

const limited = (status: RestoreStatus, most: number): RestoreStatus => {
  const short = <T extends { message?: string | undefined }>(each: T): T =>
    each.message === undefined ? each : { ...each, message: cut(each.message, most) };
  const { conditions, components } = status;
  return withPlanned(
    {
      ...withoutNotes(status),
      ...(conditions === undefined ? {} : { conditions: conditions.map(short) }),
      ...(components === undefined ? {} : { components: components.map(short) }),
    },
    ({ notes: _notes, ...planned }) => ({ ...planned, lost: cut(planned.lost, most) }),
  );
};
