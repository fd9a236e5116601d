// Brings a component back from the store itself: no cluster is asked.
import { recover } from '../../archive/recovery/recover.ts';
import { exitCode } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import type { RecoveryOptions } from './options.ts';
import { planPage } from './plan-page.ts';
import { restoreProgress } from './progress.ts';
import { reportText } from './report.ts';
import { readRequest, recoveryContext, withRefusals } from './request.ts';

export const restore = async (options: RecoveryOptions, io: Io): Promise<ExitCode> => {
  const request = await readRequest(options, io, true);
  const progress = restoreProgress(io);
  const start = io.now();
  try {
    const recovered = await withRefusals('restore', options, () =>
      recover(request, recoveryContext(io, progress.show), (plan) => io.err(`${planPage(plan, io.errorColours)}\n`)),
    );
    progress.end();
    const owner = request.target.kind === 'directory' ? request.target.owner : undefined;
    io.out(reportText(recovered, { ...(owner === undefined ? {} : { owner }), seconds: (io.now() - start) / 1000 }));
    return exitCode.done;
  } finally {
    progress.end();
  }
};
