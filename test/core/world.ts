// A cluster and its stores in memory: enough of them to carry out decisions, lose Jobs, and crash in between.
import type { AgentResult, EntryLine } from '../../src/api/agent.ts';
import { isSameLane } from '../../src/api/backup-type.ts';
import type { RunType } from '../../src/api/backup-type.ts';
import type { Backup } from '../../src/api/objects.ts';
import { annotation, finalizer, slotFinalizer } from '../../src/api/group.ts';
import { decideBackup } from '../../src/core/backup/decide.ts';
import { deadlinesFor } from '../../src/core/jobs/deadlines.ts';
import type { JobFacts } from '../../src/core/jobs/facts.ts';
import type { Action, Decision, JobRequest } from '../../src/core/jobs/request.ts';
import { copyState } from '../../src/core/plan/copy-state.ts';
import { isoTime } from '../../src/core/plan/time.ts';
import { decidePolicy } from '../../src/core/policy/decide.ts';
import type { ReceiverFacts } from '../../src/core/receiver/facts.ts';
import { archiving, hash, makeBackup, makePolicy, start } from './fixtures.ts';

export type Fate = 'succeeds' | 'fails' | 'fails for good' | 'ends silently' | 'vanishes' | 'writes and fails';
type Job = JobFacts & { request: JobRequest };
type Manifest = { attempts: string; failed: string[] };

export class Crash extends Error {}

export const attemptsOf = (components: { name: string; attempt: number }[]): string =>
  JSON.stringify(components.map(({ name, attempt }) => [name, attempt]));

const made = (name: string, type: RunType): [string, Backup] => [name, makeBackup(undefined, { name, uid: `uid of ${name}` }, { type })];

// `logs`: names of Backups of type Log, beside the others.
export const createWorld = (names: string[], schedules: object = {}, logs: string[] = []) => {
  let now = start;
  const components = { components: [archiving('db', 'Scheduled'), archiving('stock', 'Scheduled')] };
  let policy = makePolicy({ schedules, jobs: { attempts: 2 }, history: { log: 2 }, ...(logs.length === 0 ? {} : components) });
  const backups = new Map<string, Backup>([...names.map((name) => made(name, 'Full')), ...logs.map((name) => made(name, 'Log'))]);
  const jobs = new Map<string, Job>();
  const stores: Record<string, Map<string, Manifest>> = { local: new Map(), cloud: new Map() };
  const receivers = new Map<string, ReceiverFacts>();
  const receiverOf = (component: string): ReceiverFacts => ({
    component,
    name: `shop-wal-${component}`,
    uid: `receiver of ${component} ${now}`,
    ours: true,
    deleting: false,
    upToDate: true,
    scaledDown: false,
    aliveTime: now,
  });

  const entries = (tier: string, only?: string): EntryLine[] =>
    [...(stores[tier] ?? [])]
      .filter(([id]) => only === undefined || id === only)
      .map(([backupId]) => ({
        kind: 'entry',
        tier,
        backupId,
        type: 'Full',
        slot: isoTime(start),
        verdict: 'Passed',
        bytes: 1,
        seconds: 1,
        components: [],
        failed: [],
      }));

  const create = (request: JobRequest, ownerUid: string): void => {
    if (!jobs.has(request.name)) {
      jobs.set(request.name, {
        request,
        name: request.name,
        uid: `${request.name} ${now}`,
        ours: true,
        deleting: false,
        verb: request.verb,
        attempt: request.attempt,
        tier: request.tier,
        ...(request.component === undefined ? {} : { component: request.component }),
        ...(request.backup === undefined ? {} : { backupId: request.backup.id }),
        ownerUid,
        createdTime: now,
        state: { type: 'Waiting' },
      });
    }
  };

  const makeScheduled = ({ name, kind, slot, late }: Extract<Action, { type: 'createBackup' }>): void => {
    if (!backups.has(name)) {
      const annotations = { [annotation.slot]: slot, ...(late ? { [annotation.late]: 'true' } : {}) };
      backups.set(
        name,
        makeBackup(undefined, { name, uid: `uid of ${name}`, creationTimestamp: isoTime(now), annotations }, { type: kind }),
      );
    }
  };

  const perform = (action: Action, ownerUid: string, setFinalizers: (finalizers: string[]) => void): void => {
    switch (action.type) {
      case 'createJob':
        return create(action.job, action.job.owner === 'Backup' ? ownerUid : policy.metadata.uid);
      case 'deleteJob':
        return void jobs.delete(action.name);
      case 'addFinalizer':
        return setFinalizers([finalizer]);
      case 'removeFinalizer':
        return setFinalizers([]);
      case 'createBackup':
        return makeScheduled(action);
      case 'deleteBackup':
        return void backups.delete(action.name);
      // Their pods never come here: a Log run only asks the store.
      case 'createReceiver':
        return void receivers.set(action.component, receiverOf(action.component));
      case 'deleteReceiver':
        return receivers.forEach(({ name, component }) => name === action.name && receivers.delete(component));
      case 'createClaim':
      case 'createRestoreClaim':
      case 'deleteClaim':
      case 'scaleWorkload':
      case 'requestBackup':
      case 'tell':
        throw new TypeError(`Not expected here: ${action.type}`);
    }
  };

  // Carries out a decision; `crashAfter` actions the operator dies, before it has written the status.
  const carryOut = <S>(
    decision: Decision<S>,
    crashAfter: number,
    ownerUid: string,
    setFinalizers: (finalizers: string[]) => void,
    write: (status: S) => void,
  ): void => {
    decision.actions.forEach((action, at) => {
      if (at >= crashAfter) {
        throw new Crash();
      }
      perform(action, ownerUid, setFinalizers);
    });
    if (decision.actions.length >= crashAfter) {
      throw new Crash();
    }
    write(structuredClone(decision.status));
  };

  const decideFor = (name: string) => {
    const backup = backups.get(name) ?? makeBackup();
    const others = [...backups.values()].filter(
      (other) => other !== backup && isSameLane(other.spec.type, backup.spec.type) && other.status?.endTime === undefined,
    );
    return decideBackup({
      now,
      backup,
      policy,
      namespaceTerminating: false,
      rivals: others.map(({ metadata, status }) => ({
        name: metadata.name,
        createdTime: Date.parse(metadata.creationTimestamp),
        started: status?.startTime !== undefined,
        stalled: false,
      })),
      jobs: [...jobs.values()].filter(({ ownerUid }) => ownerUid === backup.metadata.uid),
      copies:
        backup.status?.endTime === undefined || backup.spec.type === 'Log'
          ? []
          : [
              copyState({
                tier: 'cloud',
                backupId: backup.status.backupId ?? '',
                ...knownTier(backup),
                seenOnTier: false,
                jobs: [...jobs.values()].filter((job) => job.verb === 'copy' && job.backupId === backup.status?.backupId),
                deadlines: deadlinesFor(policy, 'copy'),
                now,
              }),
            ],
      agentMajors: [17],
      hash,
    });
  };

  const decideForPolicy = () =>
    decidePolicy({
      now,
      policy,
      backups: [...backups.values()].map(({ metadata, spec, status = {} }) => ({
        type: spec.type,
        name: metadata.name,
        uid: metadata.uid,
        createdTime: Date.parse(metadata.creationTimestamp),
        scheduled: metadata.annotations?.[annotation.slot] !== undefined,
        late: metadata.annotations?.[annotation.late] !== undefined,
        deleting: false,
        slot: metadata.annotations?.[annotation.slot] ?? isoTime(start),
        status,
      })),
      jobs: [...jobs.values()],
      catalogue: {},
      missingClaims: [],
      restores: [],
      receivingPods: [],
      namespaceTerminating: false,
      receivers: [...receivers.values()],
      agentMajors: [17],
      hash,
    });

  // What the agent of a Job does to the stores, and says.
  const work = ({ request }: Job, fate: Fate): AgentResult | undefined => {
    const base = { kind: 'result', time: isoTime(now), outcome: 'Succeeded', category: 'None' } as const;
    const failed = {
      ...base,
      outcome: 'Failed',
      category: 'Repository',
      message: 'it broke',
      retryable: fate !== 'fails for good',
    } as const;
    const backupId = request.backup?.id ?? '';
    const fails = fate !== 'succeeds' && fate !== 'ends silently';
    const quiet = fate === 'ends silently';
    const local = stores['local'] ?? new Map<string, Manifest>();
    switch (request.verb) {
      case 'dump': {
        const facts = { verb: 'dump', backupId, component: request.component ?? '', attempt: request.attempt } as const;
        return quiet ? undefined : fails ? { ...failed, ...facts } : { ...base, ...facts, bytes: 1 };
      }
      case 'seal': {
        const attempts = attemptsOf(request.components ?? []);
        const writes = fate === 'succeeds' || fate === 'writes and fails' || (quiet && request.attempt % 2 === 1);
        const taken = local.get(backupId);
        if (taken !== undefined && taken.attempts !== attempts) {
          return { ...failed, verb: 'seal', backupId, retryable: false, message: 'AlreadyStored' };
        }
        if (writes) {
          local.set(backupId, { attempts, failed: (request.failed ?? []).map(({ name }) => name) });
        }
        return quiet ? undefined : fails ? { ...failed, verb: 'seal', backupId } : { ...base, verb: 'seal', backupId, bytes: 1 };
      }
      case 'copy': {
        const manifest = local.get(backupId);
        if (fails || quiet || manifest === undefined) {
          return quiet ? undefined : { ...failed, verb: 'copy', backupId };
        }
        stores['cloud']?.set(backupId, manifest);
        return { ...base, verb: 'copy', backupId };
      }
      case 'adopt':
        return quiet ? undefined : fails ? { ...failed, verb: 'adopt' } : { ...base, verb: 'adopt', epoch: 2 };
      case 'receive': {
        const facts = { verb: 'receive', component: request.component ?? '' } as const;
        const place = { timeline: 1, storedLsn: '0/5000028', restorableTo: isoTime(now) };
        return quiet ? undefined : fails ? { ...failed, ...facts } : { ...base, ...facts, ...place };
      }
      case 'recover':
      case 'audit':
        throw new TypeError('There are no Restores in this world');
      case 'check':
      case 'logs':
      case 'inspect': {
        const found = entries(request.tier, request.verb === 'check' ? backupId : undefined);
        const facts = { verb: 'inspect', tier: request.tier } as const;
        return quiet ? undefined : fails ? { ...failed, ...facts } : { ...base, ...facts, backups: found.length, refused: 0 };
      }
    }
  };

  const finish = (name: string, fate: Fate): void => {
    const job = jobs.get(name);
    if (job === undefined || job.state.type === 'Ended') {
      return;
    }
    const result = work(job, fate);
    if (fate === 'vanishes') {
      jobs.delete(name);
      return;
    }
    const found =
      job.verb === 'check' || job.verb === 'inspect'
        ? { entries: entries(job.tier ?? '', job.verb === 'check' ? job.backupId : undefined) }
        : {};
    jobs.set(name, {
      ...job,
      state: { type: 'Ended', endTime: now, started: true, ...found, ...(result === undefined ? {} : { result }) },
    });
  };

  return {
    backups,
    jobs,
    stores,
    decideFor,
    decideForPolicy,
    now: () => now,
    policyStatus: () => policy.status,
    reconcile(name: string, crashAfter = Infinity): void {
      const decision = decideFor(name);
      const change = (edit: (backup: Backup) => Backup): void => void backups.set(name, edit(backups.get(name) ?? makeBackup()));
      carryOut(
        decision,
        crashAfter,
        `uid of ${name}`,
        (finalizers) => change((backup) => ({ ...backup, metadata: { ...backup.metadata, finalizers } })),
        (status) => change((backup) => ({ ...backup, status })),
      );
    },
    reconcilePolicy(crashAfter = Infinity): void {
      carryOut(
        decideForPolicy(),
        crashAfter,
        policy.metadata.uid,
        () => (policy = { ...policy, metadata: { ...policy.metadata, finalizers: [slotFinalizer] } }),
        (status) => (policy = { ...policy, status }),
      );
    },
    start(name: string): void {
      const job = jobs.get(name);
      if (job?.state.type === 'Waiting') {
        jobs.set(name, { ...job, state: { type: 'Running' } });
      }
    },
    finish,
    pass: (milliseconds: number): void => void (now += milliseconds),
  };
};

const knownTier = ({ status }: Backup) => {
  const known = status?.tiers?.find(({ name }) => name === 'cloud');
  return known === undefined ? {} : { known };
};

export type World = ReturnType<typeof createWorld>;
