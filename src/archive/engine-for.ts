// The engine for a dump's component. Each is loaded only when it is needed: an agent starts faster that way.
import type { DumpPlan } from '../api/agent.ts';
import type { EngineRun } from '../engines/engine.ts';
import type { Log } from '../telemetry/log.ts';
import { ArchiveError } from './errors.ts';

export const engineFor = async (plan: DumpPlan, log: Log): Promise<EngineRun> => {
  if (plan.postgresql !== undefined) {
    const { postgresqlEngine } = await import('../engines/postgresql/engine.ts');
    return postgresqlEngine(plan.postgresql, { log });
  }
  throw new ArchiveError(
    'DocumentInvalid',
    `The plan of the component "${plan.component}" names no kind of data. Use agent and operator of one release.`,
  );
};
