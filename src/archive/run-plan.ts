// Runs one plan from its first step to its result line.
import type { AgentLine, AgentPlan, AgentResult, CopyPlan, DumpPlan, SealPlan } from '../api/agent.ts';
import { openStore } from '../stores/open.ts';
import type { Log } from '../telemetry/log.ts';
import { adopt } from './adopt.ts';
import { audit } from './audit.ts';
import type { AgentContext, ObjectCache } from './context.ts';
import { copy } from './copy.ts';
import { dump } from './dump.ts';
import { engineFor } from './engine-for.ts';
import { ArchiveError } from './errors.ts';
import { inspect } from './inspect.ts';
import type { KeptLog } from './kept-log.ts';
import { storeLog } from './kept-log.ts';
import { factsOfFailure } from './failure-facts.ts';
import { explain } from './outcome.ts';
import { seal } from './seal.ts';
import { stepClock } from './steps.ts';
import { untilStopped } from './until-stopped.ts';

export type RunOptions = {
  log: Log;
  report: (line: AgentLine) => void;
  kept: KeptLog;
  // Aborted from outside; its reason says why.
  signal: AbortSignal;
  cache?: ObjectCache;
  // Default: the real ones.
  parts?: { openStore: typeof openStore; engineFor: typeof engineFor };
};

// A pod has 60 s between SIGTERM and SIGKILL. In that time the run is ended, its log stored, and its result printed.
const stopMilliseconds = 20_000;
const keepMilliseconds = 10_000;

// Never throws for what may happen: every failure is a result with category, code and message.
export const runPlan = async (plan: AgentPlan, options: RunOptions): Promise<AgentResult> => {
  const { log, signal, parts = { openStore, engineFor } } = options;
  const clock = stepClock(log, () => performance.now() / 1000);
  const context: AgentContext = {
    log,
    report: options.report,
    signal,
    now: () => new Date(),
    openStore: parts.openStore,
    step: clock.step,
    ...(options.cache === undefined ? {} : { cache: options.cache }),
  };
  const startTime = context.now().toISOString();
  let result: AgentResult;
  try {
    const facts = await untilStopped(runVerb(plan, context, parts.engineFor), signal, stopMilliseconds);
    result = { ...envelope(plan, context, clock.seconds()), outcome: 'Succeeded', category: 'None', ...facts } as AgentResult;
    log.info('Ended well', { verb: plan.verb });
  } catch (error) {
    const failure = explain(error, signal.aborted && signal.reason instanceof ArchiveError ? signal.reason : undefined);
    result = { ...envelope(plan, context, clock.seconds()), outcome: 'Failed', ...failure, ...factsOfFailure(error) } as AgentResult;
    log.error('Failed', {
      verb: plan.verb,
      ...failure,
      ...(failure.code === 'InternalError' && error instanceof Error ? { stack: error.stack } : {}),
    });
  }
  await keepForLater(plan, startTime, options, parts.openStore);
  return result;
};

const runVerb = async (plan: AgentPlan, context: AgentContext, findEngine: typeof engineFor): Promise<object> => {
  switch (plan.verb) {
    case 'dump':
      return dump(plan, await findEngine(plan, context.log), context);
    case 'seal':
      return seal(plan, context);
    case 'copy':
      return copy(plan, context);
    case 'inspect':
      return inspect(plan, context);
    case 'adopt':
      return adopt(plan, context);
    case 'audit':
      return audit(plan, context);
    case 'receive':
      return plan.mode === 'Drop'
        ? (await import('./wal/drop-slot.ts')).dropSlot(plan, context)
        : (await import('./wal/receive.ts')).receive(plan, context);
    case 'recover':
      return (await import('./recovery/run-recover.ts')).runRecover(plan, context);
    default:
      return refuseUnknown(plan);
  }
};

// An operator of a later release may ask for what this agent cannot do: to have done nothing must not look like success.
const refuseUnknown = ({ verb }: { verb: never }): never => {
  throw new ArchiveError(
    'VerbUnknown',
    `This agent does not know the verb "${String(verb)}". Use agent images of the operator's release (agent.images of the chart).`,
  );
};

// What a result says however the run ended.
const envelope = (plan: AgentPlan, context: AgentContext, phases: { name: string; seconds: number }[]): object => ({
  kind: 'result',
  time: context.now().toISOString(),
  verb: plan.verb,
  ...(plan.verb === 'inspect' ? { tier: plan.tier.name } : {}),
  ...('backup' in plan ? { backupId: plan.backup.id } : {}),
  ...('attempt' in plan ? { attempt: plan.attempt } : {}),
  ...(plan.verb === 'recover' ? { mode: plan.mode } : {}),
  ...('component' in plan ? { component: plan.component } : {}),
  phases,
});

// The name of a run's log in the store.
const logName = (plan: DumpPlan | SealPlan | CopyPlan): string => {
  switch (plan.verb) {
    case 'dump':
      return `dump-${plan.component}-${plan.attempt}`;
    case 'seal':
      return 'seal';
    case 'copy':
      return `copy-${plan.to.name}`;
  }
};

const keepForLater = async (plan: AgentPlan, time: string, { log, kept }: RunOptions, open: typeof openStore): Promise<void> => {
  // An inspection, an adoption, a restore, its record, or a receiver belongs to no backup: its log stays in the pod.
  if (plan.verb !== 'dump' && plan.verb !== 'seal' && plan.verb !== 'copy') {
    return;
  }
  const location = plan.verb === 'copy' ? plan.to.location : plan.tier.location;
  try {
    const storing = storeLog(open, location, plan, { backupId: plan.backup.id, time, what: logName(plan) }, kept.text());
    await untilStopped(storing, AbortSignal.abort(new Error('the store does not answer in time')), keepMilliseconds);
  } catch (error) {
    log.warn('Could not keep the log in the store', { error });
  }
};
