// Runs one plan of the verb `recover`.
import type { RecoverPlan, RecoverResult, RecoverRestorePlan } from '../../api/recover.ts';
import type { AgentContext } from '../context.ts';
import { failedWith } from '../failure-facts.ts';
import { checkMode } from './verb/check-mode.ts';
import { restoreDumpsMode } from './verb/dumps-mode.ts';
import { planMode } from './verb/plan-mode.ts';
import { restoreDirectoryMode } from './verb/restore-mode.ts';
import { factsOf } from './volume/attempt.ts';
import { placeOf } from './volume/place.ts';
import type { Place } from './volume/place.ts';
import { discardDirectory, undoDirectory } from './volume/undo.ts';

export type RecoverFacts = Omit<RecoverResult, 'kind' | 'time' | 'outcome' | 'category' | 'verb' | 'mode' | 'component' | 'attempt'>;

export const runRecover = async (plan: RecoverPlan, context: AgentContext): Promise<RecoverFacts> => {
  switch (plan.mode) {
    case 'Plan':
      return planMode(plan, context);
    case 'Restore':
      return restoreMode(plan, context);
    case 'Undo':
      return onVolume(placeOf(plan.restore, plan.target), (place) => context.step('undo', () => undoDirectory(place)));
    case 'Discard':
      return onVolume(placeOf(plan.restore, plan.target), (place) => context.step('discard', () => discardDirectory(place)));
    case 'Check':
      return checkMode(plan, context);
  }
};

const restoreMode = (plan: RecoverRestorePlan, context: AgentContext): Promise<RecoverFacts> => {
  const { target } = plan;
  return target.kind === 'server' ? restoreDumpsMode({ ...plan, target }, context) : restoreDirectoryMode({ ...plan, target }, context);
};

const onVolume = async (place: Place, work: (place: Place) => Promise<void>): Promise<RecoverFacts> => {
  try {
    await work(place);
  } catch (error) {
    throw failedWith(error, await factsOf(place).catch(() => ({})));
  }
  return factsOf(place);
};
