// Runs one plan of the verb `recover`.
import type { RecoverPlan, RecoverResult } from '../../api/recover.ts';
import type { AgentContext } from '../context.ts';

export type RecoverFacts = Omit<RecoverResult, 'kind' | 'time' | 'outcome' | 'category' | 'verb' | 'mode' | 'component' | 'attempt'>;

export const runRecover = async (plan: RecoverPlan, _context: AgentContext): Promise<RecoverFacts> => {
  throw new TypeError(`${plan.mode} is not there yet`);
};
