// The plan is told as soon as it is known, and stands in the result also where what follows fails.
import type { AgentContext } from '../../context.ts';
import { failedWith } from '../../failure-facts.ts';
import type { PlannedComponent } from '../../../api/restore-status.ts';

export const reportPlan = ({ report, now }: AgentContext, planned: PlannedComponent): void =>
  report({ kind: 'planned', time: now().toISOString(), planned });

export const keepPlan = async <T>(planned: PlannedComponent, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw failedWith(error, { planned });
  }
};
