// Runs one plan of the verb `recover`.
import type { RecoverPlan, RecoverResult, RecoverRestorePlan } from '../../api/recover.ts';
import type { AgentContext } from '../context.ts';
import { failedWith } from '../failure-facts.ts';
import { copiesOf } from './safety/copies.ts';
import { checkMode } from './verb/check-mode.ts';
import { ownerOf, recoveryContextOf } from './verb/context.ts';
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
      return undoMode(plan, context);
    case 'Discard':
      return context.step('discard', () => discardMode(plan, context));
    case 'Check':
      return checkMode(plan, context);
  }
};

const restoreMode = (plan: RecoverRestorePlan, context: AgentContext): Promise<RecoverFacts> => {
  const { target } = plan;
  return target.kind === 'server' ? restoreDumpsMode({ ...plan, target }, context) : restoreDirectoryMode({ ...plan, target }, context);
};

type UndoPlan = Extract<RecoverPlan, { mode: 'Undo' }>;
type DiscardPlan = Extract<RecoverPlan, { mode: 'Discard' }>;

const undoMode = (plan: UndoPlan, context: AgentContext): Promise<RecoverFacts> => {
  const from = { copies: copiesOf(plan, context), owner: ownerOf(plan.target), context: recoveryContextOf(context) };
  return onVolume(placeOf(plan.restore, plan.target), (place) => context.step('undo', () => undoDirectory(place, from)));
};

const discardMode = async (plan: DiscardPlan, context: AgentContext): Promise<RecoverFacts> => {
  const copies = copiesOf(plan, context);
  if (plan.target === undefined) {
    await copies?.remove();
    return { kept: false };
  }
  return onVolume(placeOf(plan.restore, plan.target), (place) => discardDirectory(place, copies));
};

const onVolume = async (place: Place, work: (place: Place) => Promise<string | undefined | void>): Promise<RecoverFacts> => {
  let note: string | undefined | void;
  try {
    note = await work(place);
  } catch (error) {
    throw failedWith(error, await factsOf(place).catch(() => ({})));
  }
  return { ...(await factsOf(place)), ...(typeof note === 'string' ? { note } : {}) };
};
