// Resources of Holdfast, read and made with kubectl.
import type { BackupType } from '../../../src/api/backup-type.ts';
import type { Backup, BackupPolicy } from '../../../src/api/objects.ts';
import type { Condition } from '../../../src/api/run-status.ts';
import { kubectl, mustKubectl } from '../../cluster/kubectl.ts';
import { until } from './until.ts';

export const getBackup = async (namespace: string, name: string): Promise<Backup> =>
  JSON.parse(await mustKubectl(['get', 'backup', name, '-n', namespace, '-o', 'json'])) as Backup;

export const getPolicy = async (namespace: string, name: string): Promise<BackupPolicy> =>
  JSON.parse(await mustKubectl(['get', 'backuppolicy', name, '-n', namespace, '-o', 'json'])) as BackupPolicy;

export const listBackups = async (namespace: string): Promise<Backup[]> =>
  (JSON.parse(await mustKubectl(['get', 'backups', '-n', namespace, '-o', 'json'])) as { items: Backup[] }).items;

export const conditionOf = ({ status }: Backup | BackupPolicy, type: string): Condition | undefined =>
  status?.conditions?.find((each) => each.type === type);

// Everything that may say why, for the message of a failed test.
export const explain = ({ metadata, status }: Backup): string => JSON.stringify({ name: metadata.name, ...status }, undefined, 2);

// Starts a Backup and returns its name.
export const startBackup = async (namespace: string, policy: string, components?: string[], type?: BackupType): Promise<string> => {
  const spec = {
    policyRef: { name: policy },
    ...(components === undefined ? {} : { components }),
    ...(type === undefined ? {} : { type }),
  };
  const object = { apiVersion: 'holdfast.dev/v1alpha1', kind: 'Backup', metadata: { generateName: 'e2e-', namespace }, spec };
  return (await mustKubectl(['create', '-f', '-', '-o', 'jsonpath={.metadata.name}'], JSON.stringify(object))).trim();
};

export const whenEnded = (namespace: string, name: string, seconds = 300): Promise<Backup> =>
  until(`the end of the Backup ${namespace}/${name}`, seconds, async () => {
    const backup = await getBackup(namespace, name);
    return backup.status?.endTime !== undefined && backup;
  });

// Waits until the Backup is on every tier. Throws as soon as it has failed.
export const whenReplicated = async (namespace: string, name: string, seconds = 300): Promise<Backup> => {
  const ended = await whenEnded(namespace, name, seconds);
  if (ended.status?.phase !== 'Complete') {
    throw new Error(`The Backup is not Complete: ${explain(ended)}`);
  }
  return until(`copies of the Backup ${namespace}/${name}`, seconds, async () => {
    const backup = await getBackup(namespace, name);
    return conditionOf(backup, 'Replicated')?.status === 'True' && backup;
  });
};

// Waits until the tier was read after the instant.
export const whenRead = (namespace: string, policy: string, tier: string, since: number, seconds = 180): Promise<BackupPolicy> =>
  until(`a reading of the tier ${tier} of ${namespace}/${policy}`, seconds, async () => {
    const found = await getPolicy(namespace, policy);
    const measured = found.status?.tiers?.find(({ name }) => name === tier)?.measuredTime;
    // Times in a status are whole seconds.
    return measured !== undefined && Date.parse(measured) + 1000 > since && found;
  });

// No Job of the policy is under way.
export const whenQuiet = (namespace: string, seconds = 180): Promise<true> =>
  until(`the end of all Jobs in ${namespace}`, seconds, async () => {
    const { code, stdout } = await kubectl(['get', 'jobs', '-n', namespace, '-o', 'json']);
    const { items } = JSON.parse(code === 0 ? stdout : '{"items":[{}]}') as { items: { status?: { conditions?: unknown[] } }[] };
    return items.every(({ status }) => (status?.conditions ?? []).length > 0) && true;
  });
