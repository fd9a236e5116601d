// A small world for Restores: a volume, a StatefulSet that uses it, an application beside it, Jobs that end as a test wants, and an operator that may die.
import type { AuditResult } from '../../src/api/agent.ts';
import { finalizer } from '../../src/api/group.ts';
import type { BackupPolicy, Restore } from '../../src/api/objects.ts';
import type { RecoverResult } from '../../src/api/recover.ts';
import { restoreSpecSchema } from '../../src/api/restore.ts';
import type { JobFacts } from '../../src/core/jobs/facts.ts';
import type { Action, Decision, JobRequest } from '../../src/core/jobs/request.ts';
import { isoTime } from '../../src/core/plan/time.ts';
import { decideRestore } from '../../src/core/restore/decide.ts';
import type { RestoreObserved, TargetClaim } from '../../src/core/restore/observed.ts';
import type { PodFacts, QuiesceFacts, WorkloadFacts } from '../../src/core/restore/workloads/facts.ts';
import { hash, makePolicy, start } from './fixtures.ts';
import { modelVolume } from './model-volume.ts';

// How a Job ends. `dies early` and `dies late`: without a word, before or after it has written. `half-way`: the old data is in the store, and nothing in its place.
export type Fate =
  | 'succeeds'
  | 'has nothing to undo'
  | 'fails for good'
  | 'fails for now'
  | 'fails half-way'
  | 'dies early'
  | 'dies half-way'
  | 'dies late';

export const identitySecretRef = { name: 'identity', key: 'identity' };
export const inPlaceSpec = {
  source: { policyRef: { name: 'shop' }, latest: true, identitySecretRef },
  components: [{ name: 'db', target: { inPlace: { claimName: 'data-postgres-0' } } }],
  quiesce: { workloads: [{ kind: 'Deployment', name: 'web' }] },
  confirmation: 'shop/shop',
};
export const undoSpec = { source: { policyRef: { name: 'shop' }, restoreRef: { name: 'back' } }, confirmation: 'shop/shop' };

export const makeRestore = (spec: object, metadata: Partial<Restore['metadata']> = {}, status?: Restore['status']): Restore => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'Restore',
  metadata: {
    name: 'back',
    namespace: 'shop',
    uid: 'uid of back',
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: isoTime(start),
    ...metadata,
  },
  spec: restoreSpecSchema.parse(spec),
  ...(status === undefined ? {} : { status }),
});

export const onlyDb = makePolicy({
  components: [
    {
      name: 'db',
      postgresql: { version: 17, connection: { host: 'postgres', sslMode: 'disable', credentialsSecretRef: { name: 'login' } } },
    },
  ],
});

const planned = {
  name: 'db',
  hash: '0123456789abcdef',
  target: 'somewhere',
  backupId: '20261122T020000Z-full-3f9a1c04',
  fetchBytes: 1000,
  spaceBytes: 5000,
  lost: 'nothing',
};

const podEndsMilliseconds = 40_000;

type Running = { facts: JobFacts; request: JobRequest };

// `room`: whether the volume has room for the old data beside the new.
type WorldParts = { policy?: BackupPolicy; undone?: Restore; room?: boolean };

export const restoreWorld = (first: Restore, { policy = onlyDb, undone, room = true }: WorldParts = {}) => {
  let now = start;
  let restore: Restore | undefined = first;
  const jobs = new Map<string, Running>();
  // Pods whose Job was deleted: they go on for a while, and do at their end what the Job would have done.
  const leaving = new Map<string, { until: number; request: JobRequest }>();
  const claims = new Map<string, TargetClaim>([['data-postgres-0', { name: 'data-postgres-0', uid: 'claim' }]]);
  const replicas = new Map([
    ['postgres', 1],
    ['web', 3],
  ]);
  // What stands in the data directory, and what lies beside it. An undo begins where the Restore has ended.
  const volume = modelVolume({ room, isRestored: undone !== undefined });
  const broken: string[] = [];
  const told: string[] = [];

  const runs = (name: string): boolean => (replicas.get(name) ?? 0) > 0;
  const atWork = (): [string, JobRequest][] => [
    ...[...jobs.entries()].flatMap(([name, { facts: job, request }]): [string, JobRequest][] =>
      job.state.type === 'Running' ? [[name, request]] : [],
    ),
    ...[...leaving.entries()].map(([name, { request }]): [string, JobRequest] => [name, request]),
  ];
  const pods = (): PodFacts[] => [
    ...atWork().map(([name, { recover }]) => ({
      name,
      uid: name,
      deleting: leaving.has(name),
      claims: recover?.directory === undefined ? [] : [recover.directory.claimName],
      controlledBy: { kind: 'Job', name },
      passing: true,
    })),
    ...(runs('postgres')
      ? [
          {
            name: 'postgres-0',
            uid: 'p',
            deleting: false,
            claims: ['data-postgres-0'],
            workload: { kind: 'StatefulSet' as const, name: 'postgres', uid: 'postgres' },
          },
        ]
      : []),
    ...(runs('web')
      ? [{ name: 'web-1', uid: 'w', deleting: false, claims: [], workload: { kind: 'Deployment' as const, name: 'web', uid: 'web' } }]
      : []),
  ];
  const workload = (kind: WorkloadFacts['kind'], name: string): WorkloadFacts => ({
    kind,
    name,
    uid: name,
    replicas: replicas.get(name) ?? 0,
    deleting: false,
    autoscalers: [],
    deletesClaims: false,
    gitOps: [],
    uses: name === 'postgres' ? [{ claim: 'data-postgres-0', path: 'pgdata', runAs: { user: 70, group: 70 }, unclear: [] }] : [],
  });
  const facts = (): QuiesceFacts => ({
    namespace: 'shop',
    claims: [{ name: 'data-postgres-0', deleting: false, lost: false }],
    workloads: [workload('StatefulSet', 'postgres'), workload('Deployment', 'web')],
    pods: pods(),
  });

  const observe = (current: Restore): RestoreObserved => ({
    now,
    restore: current,
    policy,
    namespaceTerminating: false,
    rivals: [],
    jobs: [...jobs.values()].map((job) => job.facts),
    agents: atWork().flatMap(([pod, { recover }]) =>
      recover?.mode === 'Restore' || recover?.mode === 'Undo' ? { pod, component: 'db' } : [],
    ),
    ...(undone === undefined ? {} : { undone }),
    claims: [...claims.values()],
    workloads: facts(),
    agentMajors: [17],
    hash,
  });

  const lose = (name: string): void => {
    const job = jobs.get(name);
    if (job?.facts.state.type === 'Running') {
      leaving.set(name, { until: now + podEndsMilliseconds, request: job.request });
    }
    jobs.delete(name);
  };

  const perform = (action: Action): void => {
    switch (action.type) {
      case 'createJob': {
        const { name, attempt } = action.job;
        if (!jobs.has(name)) {
          const made: JobFacts = {
            name,
            uid: `uid of ${name}`,
            ours: true,
            deleting: false,
            verb: action.job.verb,
            attempt,
            ...(action.job.verb === 'recover' ? { component: 'db' } : {}),
            createdTime: now,
            state: { type: 'Running', ...volume.says(action.job, now) },
          };
          jobs.set(name, { facts: made, request: action.job });
        }
        return;
      }
      case 'deleteJob':
        return lose(action.name);
      case 'addFinalizer':
      case 'removeFinalizer':
        return setFinalizers(action.type === 'addFinalizer' ? [finalizer] : []);
      case 'createRestoreClaim':
        return void claims.set(action.name, { name: action.name, uid: `uid of ${action.name}`, madeFor: first.metadata.uid });
      case 'deleteClaim':
        return void claims.delete(action.name);
      case 'scaleWorkload': {
        const is = replicas.get(action.name) ?? 0;
        if (action.to > 0 && action.name === 'postgres' && volume.read().data === '') {
          broken.push('started on nothing');
        }
        if (action.to === 0 ? is > 0 : is === 0) {
          replicas.set(action.name, action.to);
        }
        return;
      }
      case 'tell':
        return void told.push(action.reason);
      case 'createBackup':
      case 'createClaim':
      case 'createReceiver':
      case 'deleteBackup':
      case 'deleteReceiver':
      case 'requestBackup':
        throw new TypeError(`Not expected here: ${action.type}`);
    }
  };

  const setFinalizers = (finalizers: string[]): void => {
    if (restore !== undefined) {
      const changed: Restore = { ...restore, metadata: { ...restore.metadata, finalizers } };
      restore = finalizers.length === 0 && restore.metadata.deletionTimestamp !== undefined ? undefined : changed;
    }
  };

  // One decision. `crashAfter` actions the operator dies, and the status is not written.
  const reconcile = (crashAfter = Infinity): Decision<NonNullable<Restore['status']>> | undefined => {
    if (restore === undefined) {
      return undefined;
    }
    const decision = decideRestore(observe(restore));
    decision.actions.slice(0, crashAfter).forEach(perform);
    if (crashAfter > decision.actions.length && restore !== undefined) {
      restore = { ...restore, status: decision.status };
    }
    return decision;
  };

  // What a Job of that mode does to the volume. Whoever replaces data under a running server is caught.
  const write = (request: JobRequest): void => {
    const { recover } = request;
    if (runs('postgres') && recover?.directory?.kind === 'inPlace' && (recover.mode === 'Restore' || recover.mode === 'Undo')) {
      broken.push(`${recover.mode} while the server runs`);
    }
    volume.write(request);
  };

  const auditEnd = (attempt: number, fate: Fate): JobFacts['state'] => {
    const base = { kind: 'result', time: isoTime(now), verb: 'audit', attempt } as const;
    const result: AuditResult | undefined = fate.startsWith('dies')
      ? undefined
      : fate === 'succeeds'
        ? { ...base, outcome: 'Succeeded', category: 'None', written: true, key: 'audit/x.json' }
        : { ...base, outcome: 'Failed', category: 'Repository', code: 'Unreachable', message: 'it broke' };
    return { type: 'Ended', endTime: now, started: true, ...(result === undefined ? {} : { result }) };
  };

  const finish = (name: string, fate: Fate): void => {
    const job = jobs.get(name);
    if (job === undefined || job.facts.state.type === 'Ended') {
      return;
    }
    if (fate === 'succeeds' || fate === 'dies late') {
      write(job.request);
    }
    if (fate.endsWith('half-way')) {
      volume.writeHalf(job.request);
    }
    if (job.request.verb === 'audit') {
      jobs.set(name, { ...job, facts: { ...job.facts, state: auditEnd(job.facts.attempt, fate) } });
      return;
    }
    const mode = job.request.recover?.mode ?? 'Plan';
    const base = { kind: 'result', time: isoTime(now), verb: 'recover', mode, component: 'db', attempt: job.facts.attempt } as const;
    const about = mode === 'Plan' || mode === 'Restore' ? { planned } : {};
    const writes = mode === 'Restore' || mode === 'Undo';
    const done = mode === 'Restore' ? { reachedLsn: '0/3000028', timeline: 2, systemId: '7' } : {};
    const good: RecoverResult = {
      ...base,
      outcome: 'Succeeded',
      category: 'None',
      phases: [{ name: 'fetch', seconds: 2 }],
      ...about,
      ...done,
      ...(writes ? volume.facts() : {}),
    };
    const bad: RecoverResult = {
      ...base,
      outcome: 'Failed',
      category: 'Repository',
      code: fate === 'has nothing to undo' ? 'NothingToUndo' : mode === 'Undo' ? 'RollbackFailed' : 'WALGap',
      message: 'it broke',
      retryable: fate === 'fails for now' || fate === 'fails half-way',
      ...(writes && !room ? volume.facts() : {}),
    };
    const result = fate.startsWith('dies') ? undefined : fate === 'succeeds' && !volume.isBlind(job.request) ? good : bad;
    jobs.set(name, {
      ...job,
      facts: { ...job.facts, state: { type: 'Ended', endTime: now, started: true, ...(result === undefined ? {} : { result }) } },
    });
  };

  return {
    reconcile,
    finish,
    pass: (milliseconds: number) => {
      now += milliseconds;
      for (const [name, { until, request }] of leaving) {
        if (until <= now) {
          leaving.delete(name);
          write(request);
        }
      }
    },
    remove: () => {
      if (restore !== undefined && restore.metadata.deletionTimestamp === undefined) {
        restore =
          (restore.metadata.finalizers ?? []).length === 0
            ? undefined
            : { ...restore, metadata: { ...restore.metadata, deletionTimestamp: isoTime(now) } };
      }
    },
    restore: () => restore,
    // Whether any pod of a Job has not ended.
    isAtWork: () => atWork().length > 0,
    // Somebody deletes a Job; its pod goes on for a while.
    lose,
    running: () => [...jobs.values()].filter(({ facts: { state } }) => state.type === 'Running').map(({ facts: { name } }) => name),
    requests: () => [...jobs.values()].map(({ request }) => request),
    scale: (name: string, to: number) => void replicas.set(name, to),
    replicas: () => Object.fromEntries(replicas),
    volume: volume.read,
    claims: () => [...claims.keys()],
    broken: () => [...broken],
    told: () => [...told],
  };
};

export type RestoreWorld = ReturnType<typeof restoreWorld>;

// Lets everything go on until nothing moves any more; each Job ends as `fateOf` says.
export const settle = (world: RestoreWorld, fateOf: (job: string) => Fate = () => 'succeeds', rounds = 200): void => {
  for (let round = 0; round < rounds; round += 1) {
    world.reconcile();
    world.running().forEach((name) => world.finish(name, fateOf(name)));
    world.pass(10_000);
  }
};
