// The status of a Restore, small enough.
import type { RestoreStatus } from '../../api/restore-status.ts';
import { cut } from '../plan/conditions.ts';
import { fitWithout, shortMessages } from '../plan/fit.ts';

// Leaves out the lists of chains, then cuts texts, until the status is small enough. What decisions need is never cut.
export const fitStatus = (status: RestoreStatus): RestoreStatus => fitWithout(status, withoutChains, limited);

type Plan = NonNullable<RestoreStatus['plan']>;

const withPlanned = (status: RestoreStatus, change: (planned: Plan['components'][number]) => Plan['components'][number]): RestoreStatus =>
  status.plan === undefined ? status : { ...status, plan: { ...status.plan, components: status.plan.components.map(change) } };

const withoutChains = (status: RestoreStatus): RestoreStatus => withPlanned(status, ({ chain: _chain, ...planned }) => planned);

const withoutNotes = (status: RestoreStatus): RestoreStatus => {
  const { notes: _, ...plan } = status.plan ?? {};
  return status.plan === undefined ? status : { ...status, plan: plan as Plan };
};

const limited = (status: RestoreStatus, most: number): RestoreStatus => {
  const { conditions, components } = status;
  return withPlanned(
    {
      ...withoutNotes(status),
      ...(conditions === undefined ? {} : { conditions: shortMessages(conditions, most) }),
      ...(components === undefined ? {} : { components: shortMessages(components, most) }),
    },
    ({ notes: _notes, ...planned }) => ({ ...planned, lost: cut(planned.lost, most) }),
  );
};
