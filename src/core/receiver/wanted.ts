// Which receivers a policy has by its spec, and which of them shall run now.
import type { BackupPolicy } from '../../api/objects.ts';
import type { WalArchive } from '../../api/postgresql.ts';
import type { PolicyObserved } from '../policy/observed.ts';
import { receivingComponents } from '../receiver-slots/slots.ts';

export type WantedReceiver = { component: string; walArchive: WalArchive };

// Of each component whose WAL is archived all the time.
export const receiversOf = ({ spec }: Pick<BackupPolicy, 'spec'>): WantedReceiver[] =>
  spec.components.flatMap(({ name, postgresql }) =>
    postgresql?.walArchive?.mode === 'Continuous' ? [{ component: name, walArchive: postgresql.walArchive }] : [],
  );

// Not before its slot is written down, and not where the slot shall go.
export const receiversToRun = (observed: PolicyObserved): string[] => {
  const allowed = receivingComponents(observed);
  return receiversOf(observed.policy)
    .map(({ component }) => component)
    .filter((component) => allowed.includes(component));
};
