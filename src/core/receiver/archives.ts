// The WAL archives of a policy: what shall run, what is done for that, and what is known of each.
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import type { Action } from '../jobs/request.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { soonest } from '../plan/time.ts';
import type { PolicyObserved } from '../policy/observed.ts';
import { acknowledgingTiers } from '../wal/acknowledging.ts';
import { archivingHealthy } from './archiving.ts';
import { receiverActions } from './deployments.ts';
import { judgeReceiver } from './judge.ts';
import type { KnownVerdict, ReceiverVerdict } from './judge.ts';
import { archiveStatus } from './status.ts';
import { receiversOf, receiversToRun } from './wanted.ts';

export type Archives = {
  actions: Action[];
  // Of the components that have one.
  status: WalArchiveStatus[];
  // None where nothing is archived all the time.
  condition?: NewCondition;
  againMilliseconds?: number;
};

export const archives = (observed: PolicyObserved): Archives => {
  const { policy, receivers, now } = observed;
  const running = receiversToRun(observed);
  const known = policy.status?.walArchive ?? [];
  const judged = receiversOf(policy).map(({ component, walArchive }) => {
    const before = known.find((each) => each.component === component);
    const facts = receivers.find((each) => each.component === component);
    const verdict = running.includes(component) || !policy.spec.suspend ? judgeReceiver(facts, verdictOf(before), now) : suspended;
    const line = facts?.upToDate === true ? facts.heard?.line : undefined;
    const heard = line === undefined ? undefined : { line, tier: acknowledgingTiers(policy.spec, walArchive)[0] ?? '' };
    return { component, verdict, status: archiveStatus(component, before, verdict, heard, now) };
  });
  const status = judged.map((each) => each.status);
  const hanging = judged.filter(({ verdict }) => verdict.hangs === true).map(({ component }) => component);
  const condition = archivingHealthy(policy, status);
  const wait = soonest(...judged.map(({ verdict }) => verdict.againMilliseconds));
  return {
    actions: receiverActions(receivers, running, hanging),
    status,
    ...(condition === undefined ? {} : { condition }),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

const suspended: ReceiverVerdict = {
  state: 'Suspended',
  reason: 'Suspended',
  message: 'spec.suspend is true: WAL is not archived, and no slot keeps it.',
};

// Receivers that shall not run, of a policy that makes none: it goes away, or cannot work as it is written.
export const stopReceivers = (observed: PolicyObserved): Action[] => {
  const running = receiversToRun(observed);
  return receiverActions(
    observed.receivers.filter(({ component }) => !running.includes(component)),
    [],
    [],
  );
};

const verdictOf = (known: WalArchiveStatus | undefined): KnownVerdict | undefined =>
  known?.state === undefined
    ? undefined
    : {
        state: known.state,
        reason: (known.reason ?? 'ReceiverStarting') as ReceiverVerdict['reason'],
        message: known.message ?? '',
        ...(known.since === undefined ? {} : { since: known.since }),
      };
