// Sends the heartbeat that is due for one policy.
import type { Backup, BackupPolicy } from '../api/objects.ts';
import type { PolicyStatus } from '../api/policy.ts';
import { pulseDue } from '../core/alerts/heartbeat.ts';
import type { TellContext } from './context.ts';
import type { Sinks } from './settings-file.ts';

export type Beaten = { heartbeat?: PolicyStatus['heartbeat']; problem?: string; againMilliseconds?: number };

// Never throws: what could not be delivered is due again.
export const tellHeartbeat = async (context: TellContext, policy: BackupPolicy, backups: Backup[], sinks: Sinks): Promise<Beaten> => {
  const { log, pauses, counted, now } = context;
  const before = policy.status?.heartbeat;
  const kept = before === undefined ? {} : { heartbeat: before };
  const due = sinks.heartbeat && pulseDue(policy, backups, sinks.heartbeat.fail, now());
  if (sinks.heartbeat === undefined || due === undefined) {
    return kept;
  }
  const key = `heartbeat ${policy.metadata.uid}`;
  const wait = pauses.left(key);
  if (wait > 0) {
    return { ...kept, ...problemOf(policy), againMilliseconds: wait };
  }
  const fields = {
    BackupPolicy: `${policy.metadata.namespace}/${policy.metadata.name}`,
    Backup: due.remembered.backup,
    outcome: due.outcome,
  };
  try {
    await context.sendHeartbeat(sinks.heartbeat, policy.metadata, due.outcome);
    log.info('Sent a heartbeat', fields);
    counted('heartbeat', 'delivered');
    pauses.succeeded(key);
    return { heartbeat: due.remembered };
  } catch (error) {
    log.error('Could not send a heartbeat', { ...fields, error });
    counted('heartbeat', 'failed');
    pauses.failed(key);
    return { ...kept, problem: error instanceof Error ? error.message : String(error), againMilliseconds: pauses.left(key) };
  }
};

// What the condition said of it before: waiting mends nothing.
const problemOf = ({ status }: BackupPolicy): { problem?: string } => {
  const message = status?.conditions?.find(({ type }) => type === 'NotifyFailing')?.message;
  const part = message?.split(separator).find((text) => text.startsWith('Heartbeat: '));
  return part === undefined ? {} : { problem: part };
};

// Between the problems of several sinks in one message.
export const separator = ' · ';
