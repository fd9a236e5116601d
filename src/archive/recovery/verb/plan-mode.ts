// Mode Plan: what would be done, and whether what is stored is what was written. Nothing is written.
import type { RecoverPlanPlan } from '../../../api/recover.ts';
import type { PlannedComponent } from '../../../api/restore-status.ts';
import type { Link } from '../../../core/recovery/choose.ts';
import type { Target } from '../../../core/recovery/plan.ts';
import { checkSource } from '../check-source.ts';
import type { AgentContext } from '../../context.ts';
import { measureSpeed } from '../measure-speed.ts';
import { withPrepared } from '../recover.ts';
import { lookAtTargetServer } from '../target-server.ts';
import { readIdentities, recoveryContextOf } from './context.ts';
import { directoryAsPlanned, needPrograms, needServer } from './directory-target.ts';
import { withServerTarget } from './dumps-mode.ts';
import { keepPlan, reportPlan } from './keep-plan.ts';
import { plannedOf } from './planned.ts';
import { wishOf } from './wish.ts';

export const planMode = (request: RecoverPlanPlan, agent: AgentContext): Promise<{ planned: PlannedComponent }> => {
  const { target } = request;
  return target.kind === 'server'
    ? withServerTarget({ ...request, target }, (wanted) =>
        planFor(request, agent, (last) => lookAtTargetServer(wanted, last, agent.signal)),
      )
    : planFor(request, agent, async (last) => {
        await needPrograms(last);
        if (request.runPath !== undefined) {
          await needServer(request.runPath, last, agent.signal);
        }
        return directoryAsPlanned(target);
      });
};

type Look = (last: Link) => Promise<Target>;

const planFor = async (request: RecoverPlanPlan, agent: AgentContext, look: Look): Promise<{ planned: PlannedComponent }> => {
  const context = recoveryContextOf(agent);
  const { tier, verificationKeys } = request;
  const wanted = {
    location: tier.location,
    verificationKeys,
    identities: await readIdentities(request.identityFile),
    wish: wishOf(request),
    look,
  };
  return withPrepared(wanted, context, async (prepared, store) => {
    const reading = await measureSpeed(store, prepared.chain, prepared.plan.fetchBytes, context.signal);
    const planned = plannedOf(request, prepared, reading);
    reportPlan(agent, planned);
    if (request.verifySource) {
      await keepPlan(planned, () => context.step('check source', () => checkSource(store, prepared, context)));
    }
    return { planned };
  });
};
