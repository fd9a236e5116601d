// What is written down of a Restore that has ended: who asked, who approved, what was done to what, and how it ended.
import type { Restore } from '../../api/objects.ts';
import type { PlannedComponent, RestoredComponent } from '../../api/restore-status.ts';
import type { RestoreRecord } from '../../api/stored/audit.ts';

// The record goes to the agent in one environment variable, which Linux limits to 128 KiB: only long chains could come near that.
const longestCharacters = 48 * 1024;

// The same for the same Restore, however often it is asked: an attempt whose answer was lost is found again by it.
export const auditRecord = (restore: Restore): RestoreRecord => {
  const record = wholeRecord(restore);
  return JSON.stringify(record).length <= longestCharacters
    ? record
    : { ...record, components: record.components.map(({ backups, ...rest }) => ({ ...rest, ...optional('backups', backups?.slice(-1)) })) };
};

const wholeRecord = ({ metadata, spec, status = {} }: Restore): RestoreRecord => {
  const { source, approval } = spec;
  const succeeded = status.conditions?.find(({ type }) => type === 'Succeeded');
  return {
    restore: { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid, createdTime: metadata.creationTimestamp },
    policy: source.policyRef.name,
    ...optional('requestedBy', spec.requestedBy),
    ...optional('approved', approval === undefined ? undefined : { by: approval.approvedBy, planHash: approval.planHash }),
    ...optional('undoes', source.restoreRef?.name),
    ...optional('tier', source.tier),
    ...optional('backup', source.backup),
    ...optional('point', pointOf(spec)),
    ...optional('identitySecret', source.identitySecretRef?.name),
    ...optional('confirmation', spec.confirmation),
    safetyBackup: spec.safetyBackup,
    verifiedBefore: spec.verifyBeforeRestore,
    ...optional('planHash', status.plan?.hash),
    components: componentsOf(status),
    stopped: (status.quiesce?.workloads ?? []).map(({ kind, name, replicas }) => ({ kind, name, replicas })),
    outcome: status.phase === 'Complete' ? 'Complete' : 'Failed',
    ...optional('reason', succeeded?.reason ?? status.failure?.reason),
    ...optional('message', succeeded?.message ?? status.failure?.message),
    ...optional('startTime', status.startTime),
    endTime: status.endTime ?? metadata.creationTimestamp,
    ...optional('measuredSeconds', status.rto?.measuredSeconds),
  };
};

const optional = <Name extends string, Value>(name: Name, value: Value | undefined): { [key in Name]?: Value } =>
  (value === undefined ? {} : { [name]: value }) as { [key in Name]?: Value };

const pointOf = ({ source, pointInTime }: Restore['spec']): RestoreRecord['point'] => {
  if (pointInTime === undefined) {
    return source.latest === true ? { latest: true } : undefined;
  }
  const { time, lsn, name, exclusive, timeline } = pointInTime;
  return {
    ...optional('time', time),
    ...optional('lsn', lsn),
    ...optional('name', name),
    exclusive,
    ...optional('timeline', timeline),
  };
};

// Whatever was planned, or done: a component that failed before its plan is among them.
const componentsOf = ({ plan, components = [] }: NonNullable<Restore['status']>): RestoreRecord['components'] => {
  const planned = plan?.components ?? [];
  const names = [...new Set([...planned, ...components].map(({ name }) => name))];
  return names.map((name) => ({
    name,
    ...wasPlanned(planned.find((each) => each.name === name)),
    ...wasDone(components.find((each) => each.name === name)),
  }));
};

const wasPlanned = (planned: PlannedComponent | undefined): Partial<RestoreRecord['components'][number]> =>
  planned === undefined
    ? {}
    : {
        target: planned.target,
        ...optional('overwrites', planned.overwrites),
        backups: planned.chain ?? [planned.backupId],
        lost: planned.lost,
      };

const wasDone = (done: RestoredComponent | undefined): Partial<RestoreRecord['components'][number]> =>
  done === undefined
    ? {}
    : {
        outcome: done.outcome,
        ...optional('replaced', done.replaced),
        ...optional('kept', done.kept),
        ...optional('claimName', done.claimName),
        ...optional('path', done.path),
        ...optional('reachedLsn', done.reachedLsn),
        ...optional('timeline', done.timeline),
        ...optional('systemId', done.systemId),
        ...optional('code', done.code),
        ...optional('message', done.message),
      };
