// The agent: reads its plan, runs one verb, prints lines of JSON, and ends with the exit code of its result.
import { writeFileSync, writeSync } from 'node:fs';
import { categories } from './api/categories.ts';
import { mountPath, planVariable } from './api/agent.ts';
import type { AgentLine, AgentPlan, AgentResult } from './api/agent.ts';
import type { PlannedComponent } from './api/restore-status.ts';
import { ArchiveError } from './archive/errors.ts';
import { keepLog } from './archive/kept-log.ts';
import { runPlan } from './archive/run-plan.ts';
import { createLog } from './telemetry/log.ts';
import { redact } from './telemetry/redact.ts';

const longestTerminationMessage = 4000;

// The plan, or what is wrong with it.
const readPlan = (): AgentPlan | string => {
  const text = process.env[planVariable];
  if (text === undefined) {
    return `${planVariable} is not set. The operator starts agents; to back up by hand use \`kubectl holdfast backup\`.`;
  }
  try {
    return JSON.parse(text) as AgentPlan;
  } catch {
    return `${planVariable} is not JSON. Use agent and operator of one release.`;
  }
};

// Stops the run on SIGTERM, and shortly before its deadline, so that it can still say how it ended.
const stopSignal = (plan: AgentPlan): AbortSignal => {
  const controller = new AbortController();
  const stop = (error: ArchiveError): void => controller.abort(error);
  process.once('SIGTERM', () =>
    stop(
      new ArchiveError('Interrupted', 'The agent was stopped from outside (SIGTERM). A later attempt starts afresh.', { retryable: true }),
    ),
  );
  if ('deadlineSeconds' in plan && plan.deadlineSeconds !== undefined) {
    const field = plan.verb === 'receive' ? 'log' : plan.verb;
    const message = `The ${plan.verb} took longer than its deadline of ${plan.deadlineSeconds} s. Find what was slow, or raise spec.jobs.deadlines.${field}.`;
    setTimeout(() => stop(new ArchiveError('DeadlineExceeded', message)), plan.deadlineSeconds * 1000).unref();
  }
  return controller.signal;
};

// The result is the pod's termination message too. It must be whole JSON, so what is long goes first.
const terminationMessage = (result: AgentResult): string => {
  const text = redact(JSON.stringify(result));
  if (Buffer.byteLength(text) <= longestTerminationMessage) {
    return text;
  }
  const { phases: _, ...short } = result;
  const plan = 'planned' in short && short.planned !== undefined ? { planned: withoutList(short.planned) } : {};
  return redact(JSON.stringify({ ...short, ...plan, message: result.message?.slice(0, 500) }));
};

// A long chain alone would fill it. The line on stdout has all of it.
const withoutList = (planned: PlannedComponent): PlannedComponent => {
  const { chain: _, notes: __, ...short } = planned;
  return short;
};

const writeTerminationMessage = (result: AgentResult): void => {
  try {
    writeFileSync(process.env['HOLDFAST_TERMINATION_LOG'] ?? mountPath.terminationLog, terminationMessage(result));
  } catch {
    // Outside a pod there is no such file; the line on stdout says the same.
  }
};

// Written at once: a pod that is killed has printed what it knew.
const print = (line: string): void => {
  writeSync(1, `${line}\n`);
};

const report = (line: AgentLine): void => print(redact(JSON.stringify(line)));

const main = async (): Promise<number> => {
  const plan = readPlan();
  if (typeof plan === 'string') {
    createLog(print, { kind: 'log' }).error(plan);
    return categories.Configuration.exitCode;
  }
  const kept = keepLog();
  const log = createLog(
    (line) => {
      kept.add(line);
      print(line);
    },
    { kind: 'log', verb: plan.verb, policy: `${plan.policy.namespace}/${plan.policy.name}` },
  );
  const result = await runPlan(plan, { log, report, kept, signal: stopSignal(plan) });
  writeTerminationMessage(result);
  report(result);
  return categories[result.category].exitCode;
};

process.exitCode = await main();
// A stuck socket of a library must not keep a finished agent alive.
setTimeout(() => process.exit(), 5000).unref();
