// The plan is told as soon as it is known, and stands in the result also where what follows fails.
import { refusal } from '../../../core/recovery/refusal.ts';
import type { AgentContext } from '../../context.ts';
import { failedWith } from '../../failure-facts.ts';
import { RecoveryRefused } from '../refused.ts';
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

// Whether it is still the plan that was read. Throws PlanChanged.
export const mustBe = ({ hash, backupId, target }: PlannedComponent, wanted: string | undefined): void => {
  if (wanted !== undefined && hash !== wanted) {
    throw new RecoveryRefused(
      refusal('PlanChanged', `The plan was ${wanted}, and now it is ${hash}: from the backup ${backupId} to ${target}.`, {}),
    );
  }
};
