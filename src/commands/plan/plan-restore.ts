// Prints the plan of a restore, for people or for tools.
import { planOnly } from '../../archive/recovery/recover.ts';
import { exitCode } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import { printDocument } from '../common/output.ts';
import { planPage } from '../restore/plan-page.ts';
import { readRequest, recoveryContext, withRefusals } from '../restore/request.ts';
import type { PlanOptions } from './command.ts';

export const planRestore = async (options: PlanOptions, io: Io): Promise<ExitCode> => {
  const request = await readRequest(options, io, false);
  const plan = await withRefusals('plan restore', options, () =>
    planOnly(
      request,
      recoveryContext(io, () => undefined),
    ),
  );
  if (options.output === undefined) {
    io.out(planPage(plan, io.colours));
  } else {
    await printDocument(options.output, plan, io);
  }
  return exitCode.done;
};
