// The plan of a Job of a Restore: its spec and what was decided, with Secrets replaced by the paths where they are mounted.
import { mountPath } from '../../api/agent.ts';
import type { RecoverPlan, CopiesPlan, PointPlan, DumpsPlan, DirectoryPlan } from '../../api/recover.ts';
import { recoverPaths } from '../../api/recover.ts';
import type { BackupPolicy, Restore } from '../../api/objects.ts';
import { deadlinesFor } from '../../core/jobs/deadlines.ts';
import type { JobRequest, RecoverRequest } from '../../core/jobs/request.ts';
import { second } from '../../core/plan/time.ts';
import { settledBy } from '../../core/restore/settled.ts';
import { wantedTarget } from '../../core/restore/targets.ts';
import { findComponent, findTier } from './find-in-policy.ts';
import { tierPlan, walSource } from './plan-parts.ts';

type Base = Pick<RecoverPlan, 'policy' | 'clusterId' | 'verificationKeys'>;

export const recoverPlan = (policy: BackupPolicy, restore: Restore, request: JobRequest, base: Base): RecoverPlan => {
  const { recover, component = '', attempt } = request;
  if (recover === undefined) {
    throw new TypeError(`The Job ${request.name} does not say what it shall recover`);
  }
  const { start, run } = deadlines(policy);
  const common = { ...base, verb: 'recover', restore: identityOf(restore, recover), component, attempt, deadlineSeconds: run } as const;
  const target = targetOf(policy, restore, request);
  switch (recover.mode) {
    case 'Plan':
      return {
        ...common,
        mode: 'Plan',
        ...sourceOf(policy, restore, request),
        target,
        verifySource: restore.spec.verifyBeforeRestore,
        ...(asksServer(policy, restore, request) ? { runPath: recoverPaths.run } : {}),
      };
    case 'Restore':
      return {
        ...common,
        mode: 'Restore',
        ...sourceOf(policy, restore, request),
        target,
        ...(recover.planned === undefined ? {} : { planHash: recover.planned.hash, settled: settledBy(recover.planned) }),
        ...(target.kind === 'inPlace' ? { keep: restore.spec.safetyBackup } : {}),
        ...(mayCopy(restore, request)
          ? {
              safety: {
                recipients: policy.spec.encryption.recipients,
                signingKeyFile: mountPath.signingKey,
                isLastTry: attempt >= policy.spec.jobs.attempts,
              },
            }
          : {}),
      };
    case 'Undo':
      return { ...common, mode: 'Undo', target: directoryOnly(target), ...copiesPlan(policy, recover) };
    case 'Discard':
      return {
        ...common,
        mode: 'Discard',
        ...(recover.directory === undefined ? {} : { target: recover.directory }),
        ...copiesPlan(policy, recover),
      };
    case 'Check': {
      const { connection, version } = findComponent(policy, component).postgresql ?? {};
      if (connection === undefined || version === undefined) {
        throw new TypeError(`The component "${component}" has no server that could be asked`);
      }
      const server = walSource(version, connection, { credentials: recoverPaths.serverCredentials, ca: recoverPaths.serverCa });
      // A server that does not come up is known sooner than one that reads its data.
      return {
        ...common,
        mode: 'Check',
        deadlineSeconds: start,
        server,
        ...(recover.expect === undefined ? {} : { expect: recover.expect }),
      };
    }
  }
};

// An image of one's own is pulled and asked for its version before anything is stopped. The agent's own needs no question.
export const asksServer = (policy: BackupPolicy, restore: Restore, { component = '', recover }: JobRequest): boolean =>
  recover?.mode === 'Plan' &&
  wantedTarget(restore, policy, component).server === undefined &&
  findComponent(policy, component).postgresql?.image !== undefined;

// In place the old data may have to go into the store.
export const mayCopy = ({ spec }: Restore, { recover }: JobRequest): boolean =>
  recover?.mode === 'Restore' && recover.directory?.kind === 'inPlace' && spec.safetyBackup !== 'Skip';

const copiesPlan = (policy: BackupPolicy, { copies }: RecoverRequest): { copies?: CopiesPlan } =>
  copies === undefined
    ? {}
    : {
        copies: {
          tier: tierPlan(policy, findTier(policy, copies.tier)),
          ...(copies.identity === undefined ? {} : { identityFile: recoverPaths.identity }),
        },
      };

const deadlines = (policy: BackupPolicy): { start: number; run: number } => {
  const { startMilliseconds, runMilliseconds } = deadlinesFor(policy, 'recover');
  return { start: startMilliseconds / second, run: runMilliseconds / second };
};

// Folders are named after the Restore whose work it is.
const identityOf = ({ metadata }: Restore, { undoes }: NonNullable<JobRequest['recover']>): { name: string; uid: string } =>
  undoes ?? { name: metadata.name, uid: metadata.uid };

const sourceOf = (policy: BackupPolicy, { spec }: Restore, { tier }: JobRequest) => ({
  tier: tierPlan(policy, findTier(policy, tier)),
  identityFile: recoverPaths.identity,
  point: pointOf(spec),
});

const pointOf = ({ pointInTime, source }: Restore['spec']): PointPlan => {
  if (pointInTime === undefined) {
    return source.backup === undefined ? { kind: 'latest' } : { kind: 'backup', id: source.backup };
  }
  const { time, lsn, name, exclusive, timeline } = pointInTime;
  const kind = time !== undefined ? 'time' : lsn !== undefined ? 'lsn' : 'name';
  return {
    kind,
    text: time ?? lsn ?? name ?? '',
    exclusive,
    ...(timeline === undefined ? {} : { timeline }),
    ...(source.backup === undefined ? {} : { base: source.backup }),
  };
};

const targetOf = (policy: BackupPolicy, restore: Restore, { recover, component = '' }: JobRequest): DirectoryPlan | DumpsPlan => {
  if (recover?.directory !== undefined) {
    return recover.directory;
  }
  const { server, volume } = wantedTarget(restore, policy, component);
  if (server === undefined) {
    // Before its claim is made, only what it will be like is known.
    return {
      kind: 'volume',
      claimName: volume?.claimName ?? '',
      path: volume?.path ?? 'pgdata',
      runAs: volume?.runAs ?? { user: 999, group: 999 },
    };
  }
  const { connection, databases, into, add, roles } = server;
  return {
    kind: 'server',
    server: walSource(0, connection, { credentials: recoverPaths.serverCredentials, ca: recoverPaths.serverCa }),
    databases,
    add,
    roles,
    ...(into === undefined ? {} : { into }),
  };
};

const directoryOnly = (target: DirectoryPlan | DumpsPlan): DirectoryPlan => {
  if (target.kind === 'server') {
    throw new TypeError('Dumps leave nothing that could be undone');
  }
  return target;
};
