// The plan is told as soon as it is known, and stands in the result also where what follows fails.
import type { AgentContext } from '../../context.ts';
import { failedWith } from '../../failure-facts.ts';
import type { PlannedWithHash } from './planned.ts';

export const reportPlan = ({ report, now }: AgentContext, plan: PlannedWithHash): void =>
  report({ kind: 'planned', time: now().toISOString(), ...plan });

export const keepPlan = async <T>(plan: PlannedWithHash, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw failedWith(error, { plan });
  }
};
