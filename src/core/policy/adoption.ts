// Taking a repository over, because somebody asked for it by the annotation `holdfast.dev/take-over`: one Job for each asking, never tried again by itself.
import { annotation } from '../../api/group.ts';
import type { PolicyStatus } from '../../api/policy.ts';
import { deadlinesFor } from '../jobs/deadlines.ts';
import { stopJob } from '../jobs/facts.ts';
import { judge } from '../jobs/judge.ts';
import { createJob } from '../jobs/request.ts';
import type { Action } from '../jobs/request.ts';
import { jobName } from '../plan/names.ts';
import type { PolicyObserved } from './observed.ts';

export type Adoption = { actions: Action[]; status: Pick<PolicyStatus, 'adoption'>; againMilliseconds?: number };

const longestRequest = 64;

// What was asked for and has an end stays in the status: the Job may go.
export const adoption = (observed: PolicyObserved): Adoption => {
  const { policy, jobs, hash, now } = observed;
  const known = policy.status?.adoption;
  const request = policy.metadata.annotations?.[annotation.takeOver]?.slice(0, longestRequest);
  if (request === undefined || request === '' || (known?.request === request && known.state !== 'Running')) {
    return { actions: [], status: known === undefined ? {} : { adoption: known } };
  }
  const name = jobName(policy.metadata.name, hash(`${policy.metadata.uid}/${request}`), 'adopt', 1);
  const job = jobs.find((each) => each.verb === 'adopt' && each.name === name);
  const running: Adoption['status'] = { adoption: { request, state: 'Running' } };
  if (job === undefined && known?.request !== request) {
    const [primary] = policy.spec.tiers;
    return { actions: [createJob({ name, verb: 'adopt', attempt: 1, owner: 'BackupPolicy', tier: primary?.name ?? '' })], status: running };
  }
  const verdict = judge(job, { verb: 'adopt' }, deadlinesFor(policy, 'inspect'), now);
  switch (verdict.type) {
    case 'Waiting':
    case 'Running':
      return { actions: [], status: running, againMilliseconds: verdict.againMilliseconds };
    case 'Succeeded': {
      const epoch = verdict.result.verb === 'adopt' ? verdict.result.epoch : undefined;
      return { actions: [], status: { adoption: { request, state: 'Done', ...(epoch === undefined ? {} : { epoch }) } } };
    }
    case 'Failed':
    case 'Lost': {
      const message = `${'code' in verdict && verdict.code !== undefined ? `${verdict.code}: ` : ''}${verdict.message}`;
      return { actions: stopJob(job), status: { adoption: { request, state: 'Failed', message: message.slice(0, 1024) } } };
    }
  }
};
