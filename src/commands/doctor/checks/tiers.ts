// Whether a copy lies outside the cluster, and is up to date; and pods that cannot start.
import { podStart } from '../../../core/jobs/pod-waiting.ts';
import { withRemedy } from '../../../core/jobs/start-remedy.ts';
import { kubeTime } from '../../../core/jobs/state.ts';
import { minute } from '../../../core/plan/time.ts';
import { distanceText } from '../../common/figures.ts';
import { ok, problem, unread } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { PolicyFacts } from '../read.ts';

export const checkTiers = (facts: PolicyFacts, now: number): Finding[] => [offsite(facts), copies(facts, now), waitingPods(facts, now)];

const offsite = ({ policy }: PolicyFacts): Finding => {
  const outside = policy.spec.tiers.filter(({ persistentVolumeClaim }) => persistentVolumeClaim === undefined);
  return outside.length > 0
    ? ok('off-site', `The tier "${outside[0]?.name}" is no volume of this cluster.`)
    : problem('off-site', 'Every tier is a volume of this cluster: they are lost with it.', 'Add a tier with s3, best in another place');
};

const copies = ({ policy, runs }: PolicyFacts, now: number): Finding => {
  const check = 'copies';
  if ('failure' in runs) {
    return unread(check, runs.failure);
  }
  const behind = runs.value.flatMap(({ metadata, status }) =>
    (status?.tiers ?? [])
      .slice(1)
      .flatMap((tier) =>
        tier.state === 'Lagging' || (tier.state === 'Failed' && status?.tiers?.[0]?.state === 'Sealed')
          ? [{ ...tier, backup: metadata.name }]
          : [],
      ),
  );
  const [first] = behind;
  if (first !== undefined) {
    return problem(
      check,
      `The copy of ${first.backup} to "${first.name}" failed: ${first.message ?? first.state}`,
      `Mend what the message names; it is tried again ${first.nextAttemptTime === undefined ? 'by itself' : distanceText(first.nextAttemptTime, now)}`,
    );
  }
  return policy.spec.tiers.length === 1 ? ok(check, 'There is one tier only: nothing is copied.') : ok(check, 'No copy is behind.');
};

// A pod may take so long to start before it counts.
const startMilliseconds = minute;

const waitingPods = ({ policy, pods, runs }: PolicyFacts, now: number): Finding => {
  const check = 'pods';
  if ('failure' in pods) {
    return unread(check, pods.failure);
  }
  const stuck = pods.value.find(
    (pod) => (pod.status?.phase ?? 'Pending') === 'Pending' && now - kubeTime(pod.metadata?.creationTimestamp) > startMilliseconds,
  );
  if (stuck === undefined) {
    return ok(check, 'None waits to be started.');
  }
  const { name = '' } = stuck.metadata ?? {};
  const said = podStart(stuck).message ?? waitingMessage(runs) ?? 'its events say why.';
  return problem(
    check,
    `The pod ${name} has not started: ${withRemedy(said)}`,
    `kubectl describe pod ${name} -n ${policy.metadata.namespace}`,
  );
};

// What the operator read from the pod's events.
const waitingMessage = (runs: PolicyFacts['runs']): string | undefined =>
  'failure' in runs
    ? undefined
    : runs.value
        .filter(({ status }) => status?.endTime === undefined)
        .flatMap(({ status }) => status?.components?.flatMap(({ message }) => message ?? []) ?? [])
        .at(0);
