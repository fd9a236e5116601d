// What the policy says of itself, judged by the clock of whoever asks.
import { kinds } from '../../../core/policy/slot-kinds.ts';
import type { Installation } from '../read.ts';
import { reasons } from '../../../api/conditions.ts';
import type { ConditionReason } from '../../../api/conditions.ts';
import type { Condition } from '../../../api/run-status.ts';
import { findCondition } from '../../../core/plan/conditions.ts';
import { instantOf, minute } from '../../../core/plan/time.ts';
import { believedMilliseconds } from '../../../core/policy/belief.ts';
import { objectiveNow } from '../../common/objective.ts';
import { distanceText, timeText } from '../../common/figures.ts';
import { isBad, lastLog, lastRun } from '../../status/running.ts';
import type { EndedRun } from '../../status/running.ts';
import { ok, problem, unknown, unread } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { PolicyFacts } from '../read.ts';

export const checkPolicy = (facts: PolicyFacts, installation: Installation, now: number): Finding[] => [
  ready(facts),
  agentImages(facts, installation),
  schedule(facts, now),
  factsFresh(facts, now),
  objective(facts, now),
  lastRunSucceeded(facts, now),
  ...[lastLogSucceeded(facts, now)].filter((finding) => finding !== undefined),
  storage(facts),
  alerts(facts, now),
];

const remedyOf = (reason: string): string =>
  reason in reasons ? reasons[reason as ConditionReason].remedy : 'Mend what the message names.';
const statusCommand = ({ policy: { metadata } }: PolicyFacts): string =>
  `kubectl holdfast status ${metadata.name} -n ${metadata.namespace}`;
const backupCommand = ({ policy: { metadata } }: PolicyFacts): string =>
  `kubectl holdfast backup ${metadata.name} -n ${metadata.namespace} --wait`;
const conditionOf = ({ policy }: PolicyFacts, type: Parameters<typeof findCondition>[1]): Condition | undefined =>
  findCondition(policy.status?.conditions, type);

const ready = (facts: PolicyFacts): Finding => {
  const check = 'ready';
  const { metadata, status } = facts.policy;
  const condition = conditionOf(facts, 'Ready');
  if (condition === undefined || status?.observedGeneration !== metadata.generation) {
    return unknown(
      check,
      'The operator has not looked at the newest spec yet.',
      `kubectl holdfast wait policy/${metadata.name} -n ${metadata.namespace} --timeout 1m`,
    );
  }
  return condition.status === 'True'
    ? ok(check, condition.message)
    : problem(check, `${condition.reason}: ${condition.message}`, remedyOf(condition.reason));
};

const agentImages = ({ policy }: PolicyFacts, { operators }: Installation): Finding => {
  const check = 'agent image';
  if ('failure' in operators) {
    return unread(check, operators.failure);
  }
  const variables = operators.value.flatMap(({ spec }) => spec?.template.spec?.containers.flatMap(({ env }) => env ?? []) ?? []);
  const known = majorsOf(variables.find(({ name }) => name === 'AGENT_IMAGES')?.value);
  const missing = policy.spec.components.flatMap(({ postgresql }) =>
    postgresql === undefined || known.includes(String(postgresql.version)) ? [] : [postgresql.version],
  );
  return missing.length === 0
    ? ok(check, 'The operator has one for every component.')
    : problem(
        check,
        `The operator has no agent image for PostgreSQL ${missing.join(', ')}.`,
        `helm upgrade with --set-string 'agent.images.${missing[0]}=<image>'`,
      );
};

const majorsOf = (text = '{}'): string[] => {
  try {
    return Object.keys(JSON.parse(text) as object);
  } catch {
    return [];
  }
};

// The next run may be so late before nobody seems to start it.
const lateMilliseconds = 10 * minute;

const schedule = (facts: PolicyFacts, now: number): Finding => {
  const check = 'schedule';
  const { metadata, spec, status } = facts.policy;
  const condition = conditionOf(facts, 'OnSchedule');
  if (spec.suspend) {
    return problem(
      check,
      'The policy is suspended: no schedule starts a run.',
      `kubectl patch hbp ${metadata.name} -n ${metadata.namespace} --type merge -p '{"spec":{"suspend":false}}'`,
    );
  }
  if (kinds.every(({ field }) => spec.schedules[field] === undefined)) {
    return problem(check, 'No schedule is set: runs start by hand only.', `Set spec.schedules.full, such as {cron: "0 2 * * *"}`);
  }
  if (condition?.status === 'False') {
    return problem(check, condition.message, remedyOf(condition.reason));
  }
  const next = status?.next?.[0]?.time;
  if (next === undefined) {
    return unknown(check, 'The operator has not planned the next run yet.', statusCommand(facts));
  }
  return now - (instantOf(next) ?? 0) > lateMilliseconds
    ? problem(
        check,
        `The run of ${timeText(next)} was not started.`,
        'kubectl logs -n holdfast-system -l app.kubernetes.io/name=holdfast --tail=50',
      )
    : ok(check, `The next run is ${distanceText(next, now)}, at ${timeText(next)}.`);
};

const factsFresh = (facts: PolicyFacts, now: number): Finding => {
  const check = 'facts';
  const { spec, status } = facts.policy;
  const ages = spec.tiers.map(({ name }) => ({ name, time: status?.tiers?.find((tier) => tier.name === name)?.measuredTime }));
  const never = ages.find(({ time }) => time === undefined);
  if (never !== undefined) {
    const why = conditionOf(facts, 'StorageHealthy')?.message ?? '';
    return problem(check, `The tier "${never.name}" was never read. ${why}`.trim(), statusCommand(facts));
  }
  const stale = ages.find(({ time }) => now - (instantOf(time) ?? 0) > believedMilliseconds(spec, now));
  return stale === undefined
    ? ok(check, 'Every tier was read lately.')
    : problem(
        check,
        `The tier "${stale.name}" was read last ${distanceText(stale.time, now)}: what is said of it may be wrong.`,
        `${statusCommand(facts)} shows why; kubectl get jobs -l holdfast.dev/verb=inspect shows the readings`,
      );
};

const objective = (facts: PolicyFacts, now: number): Finding => {
  const check = 'RPO';
  const { state, says } = objectiveNow(facts.policy, now);
  switch (state) {
    case 'Met':
      return ok(check, says);
    case 'Unknown':
      return unknown(check, says, statusCommand(facts));
    case 'Aging':
    case 'Missed':
    case 'NothingStored':
      return problem(check, says, backupCommand(facts));
  }
};

// Undefined where no Log has ended: not every policy archives WAL.
const lastLogSucceeded = (facts: PolicyFacts, now: number): Finding | undefined => {
  const run = 'failure' in facts.runs ? undefined : lastLog(facts.runs.value);
  return run === undefined ? undefined : judged('last Log', run, now, `${backupCommand(facts)} --type Log`);
};

const judged = (check: string, run: EndedRun, now: number, again: string): Finding =>
  isBad(run)
    ? problem(
        check,
        `${run.backup} ended ${run.phase} ${distanceText(run.endTime, now)}: ${run.message ?? run.reason ?? ''}`,
        `${remedyOf(run.reason ?? '')} Then: ${again}`,
      )
    : ok(check, `${run.backup} was complete ${distanceText(run.endTime, now)}.`);

const lastRunSucceeded = (facts: PolicyFacts, now: number): Finding => {
  const check = 'last run';
  if ('failure' in facts.runs) {
    return unread(check, facts.runs.failure);
  }
  const run = lastRun(facts.runs.value);
  if (run === undefined) {
    return facts.policy.status?.latestBackup === undefined
      ? unknown(check, 'No run has ended yet.', backupCommand(facts))
      : ok(check, 'No Backup resource is left of it; the store holds its backup.');
  }
  return judged(check, run, now, backupCommand(facts));
};

const storage = (facts: PolicyFacts): Finding => {
  const condition = conditionOf(facts, 'StorageHealthy');
  if (condition === undefined || condition.status === 'Unknown') {
    return unknown('storage', condition?.message ?? 'The operator has said nothing of it yet.', statusCommand(facts));
  }
  return condition.status === 'True' ? ok('storage', condition.message) : problem('storage', condition.message, remedyOf(condition.reason));
};

const alerts = (facts: PolicyFacts, now: number): Finding => {
  const open = (facts.policy.status?.alerts ?? []).filter(({ resolvedTime }) => resolvedTime === undefined);
  const [first] = open;
  if (first === undefined) {
    return ok('alerts', 'None is open.');
  }
  const others = open.length === 1 ? '' : ` And ${open.length - 1} more.`;
  return problem(
    'alerts',
    `${first.name} since ${distanceText(first.since, now)}: ${first.message}${others}`,
    `docs/alerts.md tells what to do; ${statusCommand(facts)} shows them all`,
  );
};
