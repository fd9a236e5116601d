// A policy with an archive on a virtual clock: decisions are carried out, Jobs end as the test says, and nothing else happens.
import type { BackupPolicy } from '../../src/api/objects.ts';
import { slotFinalizer } from '../../src/api/group.ts';
import { policyStatusSchema } from '../../src/api/policy.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { JobFacts, JobState } from '../../src/core/jobs/facts.ts';
import type { Action, JobRequest } from '../../src/core/jobs/request.ts';
import { decidePolicy } from '../../src/core/policy/decide.ts';
import type { PolicyObserved } from '../../src/core/policy/observed.ts';
import { receivingComponents } from '../../src/core/receiver-slots/slots.ts';
import { hash, makePolicy, observedPolicy, postgresql, start } from './fixtures.ts';

export const minute = 60_000;
export const iso = (instant: number): string => `${new Date(instant).toISOString().slice(0, 19)}Z`;

type Archive = { mode?: string; slotName?: string; host?: string };

// Spec of a policy whose component `db` archives its WAL.
export const archivingSpec = ({ host = 'postgres', ...walArchive }: Archive = {}, more: object = {}): object => {
  const server = postgresql();
  return {
    components: [{ name: 'db', postgresql: { ...server, connection: { ...server.connection, host }, walArchive } }],
    ...more,
  };
};

type Job = JobFacts & { request: JobRequest };

export const slotWorld = (spec: object = archivingSpec()) => {
  let now = start;
  let policy: BackupPolicy = makePolicy(spec as Parameters<typeof makePolicy>[0]);
  const end = { isGone: false };
  const jobs = new Map<string, Job>();
  const told: string[] = [];
  const done: string[] = [];

  const setFinalizers = (finalizers: string[]): void => {
    policy = { ...policy, metadata: { ...policy.metadata, finalizers } };
    end.isGone ||= policy.metadata.deletionTimestamp !== undefined && finalizers.length === 0;
  };

  const perform = (action: Action): void => {
    done.push(action.type);
    if (action.type === 'addFinalizer' || action.type === 'removeFinalizer') {
      setFinalizers(action.type === 'addFinalizer' ? [slotFinalizer] : []);
    } else if (action.type === 'tell') {
      told.push(action.message);
    } else if (action.type === 'deleteJob') {
      jobs.delete(action.name);
    } else if (action.type === 'createJob' && action.job.verb === 'receive' && !jobs.has(action.job.name)) {
      const { name, attempt, component } = action.job;
      const facts = { name, uid: name, ours: true, deleting: false, verb: 'receive' as const, attempt, createdTime: now };
      jobs.set(name, { ...facts, ...(component === undefined ? {} : { component }), request: action.job, state: { type: 'Waiting' } });
    }
  };

  const observed = (given: Partial<PolicyObserved> = {}): PolicyObserved =>
    observedPolicy({ now, policy, jobs: [...jobs.values()], hash, ...given });

  const newestJob = (): string => [...jobs.keys()].at(-1) ?? '';
  const jobNamed = (name: string): Job => {
    const job = jobs.get(name);
    if (job === undefined) {
      throw new Error('there is no Job');
    }
    return job;
  };

  const world = {
    told,
    jobs,
    now: () => now,
    pass(milliseconds: number) {
      now += milliseconds;
    },
    // Decides until nothing changes any more at this instant.
    settle(given: Partial<PolicyObserved> = {}): PolicyStatus {
      for (let round = 0; round < 10 && !end.isGone; round += 1) {
        const before = JSON.stringify([policy.status, policy.metadata.finalizers, [...jobs.keys()]]);
        const { actions, status } = decidePolicy(observed(given));
        actions.forEach(perform);
        policy = { ...policy, status: policyStatusSchema.parse(structuredClone(status)) };
        if (before === JSON.stringify([policy.status, policy.metadata.finalizers, [...jobs.keys()]])) {
          break;
        }
      }
      return policy.status ?? {};
    },
    change(next: object) {
      policy = { ...makePolicy(next as Parameters<typeof makePolicy>[0], policy.status), metadata: policy.metadata };
    },
    remove() {
      policy = { ...policy, metadata: { ...policy.metadata, deletionTimestamp: iso(now) } };
    },
    letGo: () => setFinalizers([]),
    isGone: () => end.isGone,
    isHeld: () => policy.metadata.finalizers?.includes(slotFinalizer) === true,
    receiving: () => receivingComponents(observed()),
    archive: () => policy.status?.walArchive?.[0],
    drops: () => [...jobs.values()].map(({ request }) => request.dropSlot),
    // The newest Job ends.
    end(result: object | undefined, name = newestJob()) {
      const job = jobNamed(name);
      const facts = { kind: 'result', verb: 'receive', component: job.component, time: iso(now), category: 'None' };
      const state: JobState = {
        type: 'Ended',
        endTime: now,
        started: true,
        ...(result === undefined ? {} : { result: { ...facts, ...result } as never }),
      };
      jobs.set(name, { ...job, state });
    },
    // The pod of the newest Job does not start, and this is known of it.
    holdUp(message: string) {
      const job = jobNamed(newestJob());
      jobs.set(job.name, { ...job, state: { type: 'Waiting', message } });
    },
    policy: () => policy,
    observed,
  };
  return world;
};

export const dropped = { outcome: 'Succeeded', slot: 'Dropped' };
export const unreachable = {
  outcome: 'Failed',
  category: 'Source',
  code: 'SourceUnreachable',
  message: 'does not answer',
  retryable: true,
};
