// What each component of a backup builds on: chosen from what the primary tier was found to hold, never from what ought to be there.
import type { EntryLine } from '../../api/agent.ts';
import type { BackupType, WholeCopy } from '../../api/backup-type.ts';
import type { Component, PolicySpec } from '../../api/policy.ts';
import { ancestorsOf } from '../plan/chain.ts';

// `whole`: an increment was wanted, and why there is none.
export type Base = { parent?: string; whole?: WholeCopy };

export type Choice = {
  type: BackupType;
  encryption: PolicySpec['encryption'];
  component: Component;
  // Undefined: nobody knows what the tier holds.
  entries: readonly EntryLine[] | undefined;
};

const firstMajor = 17;

// The first fact that applies answers. A component without a physical copy is whole by nature: there is nothing to say.
export const baseOf = (choice: Choice): Base => {
  const { type, component } = choice;
  if (type === 'Full' || component.postgresql?.physical.enabled !== true) {
    return {};
  }
  return notConfigured(choice) ?? fromTheStore(choice, component.postgresql.physical.maxChain);
};

const whole = (reason: WholeCopy['reason'], message: string): Base => ({ whole: { reason, message } });

const notConfigured = ({ component: { postgresql }, encryption }: Choice): Base | undefined => {
  if (postgresql?.physical.incremental === 'Off') {
    return whole('IncrementsOff', 'postgresql.physical.incremental is Off.');
  }
  if (postgresql !== undefined && postgresql.version < firstMajor) {
    return whole(
      'ServerTooOld',
      `PostgreSQL ${postgresql.version} makes no increments; that begins with ${firstMajor}. Leave the schedules of increments out; walArchive keeps what changes between two Fulls.`,
    );
  }
  return encryption.stateIdentitySecretRef === undefined
    ? whole('StateIdentityMissing', 'encryption.stateIdentitySecretRef is not set. `kubectl holdfast keygen` makes the Secret.')
    : undefined;
};

const fromTheStore = ({ type, component: { name }, entries }: Choice, maxChain: number): Base => {
  if (entries === undefined) {
    return whole('StoreNotRead', 'The primary tier could not be read in time, so it is not known what there is to build on.');
  }
  const usable = entries
    .filter(({ verdict, components }) => verdict === 'Passed' && components.some((each) => each.name === name))
    .toSorted((a, b) => b.backupId.localeCompare(a.backupId));
  const parent = usable.find(({ components }) => type === 'Incremental' || standsAlone(components, name));
  if (parent === undefined) {
    return whole(
      'NoParent',
      `The primary tier holds no restorable ${type === 'Incremental' ? 'backup' : 'Full'} of "${name}" to build on.`,
    );
  }
  const increments = ancestorsOf(entries, parent.backupId, name).length;
  return increments >= maxChain
    ? whole('ChainFull', `${parent.backupId} ends a chain of ${increments} increments, and maxChain is ${maxChain}.`)
    : { parent: parent.backupId };
};

const standsAlone = (components: EntryLine['components'], name: string): boolean =>
  components.some((each) => each.name === name && each.parent === undefined);
