// The one recovery pipeline: plan → fetch → restore → defuse → replay → check.
import type { Link } from '../../core/recovery/choose.ts';
import type { RecoveryPlan, Target } from '../../core/recovery/plan.ts';
import { openStore } from '../../stores/open.ts';
import type { Store } from '../../stores/store.ts';
import { ArchiveError } from '../errors.ts';
import type { RecoveryContext } from './context.ts';
import { restoreDirectory } from './into-directory.ts';
import type { RestoredDirectory } from './into-directory.ts';
import { restoreIntoServer } from './into-server.ts';
import type { RestoredServer } from './into-server.ts';
import { measureSpeed } from './measure-speed.ts';
import { prepare } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import type { RecoveryRequest } from './request.ts';
import { openSource } from './source.ts';
import { lookAtDirectory } from './target-directory.ts';
import { lookAtTargetServer } from './target-server.ts';

export type Recovered = { plan: RecoveryPlan; directory?: RestoredDirectory; server?: RestoredServer };

// What would be done. Throws RecoveryRefused.
export const planOnly = (request: RecoveryRequest, context: RecoveryContext): Promise<RecoveryPlan> =>
  withPlan(request, context, async ({ plan, chain }, store) => {
    const reading = await measureSpeed(store, chain, plan.fetchBytes, context.signal);
    return { ...plan, ...(reading === undefined ? {} : { reading }) };
  });

// Does it. `onPlan` is told the plan before the first byte is read.
export const recover = (request: RecoveryRequest, context: RecoveryContext, onPlan: (plan: RecoveryPlan) => void): Promise<Recovered> =>
  withPlan(request, context, async (prepared, store) => {
    const { plan } = prepared;
    onPlan(plan);
    return request.target.kind === 'directory'
      ? { plan, directory: await restoreDirectory(store, prepared, request.target, request.identities ?? [], context) }
      : { plan, server: await restoreIntoServer(store, prepared, request.target, context) };
  }).catch((error: unknown) => {
    throw context.signal.aborted ? interrupted(request.target, error) : error;
  });

// Whatever broke when somebody stopped it: what they want to know is what is there now.
const interrupted = (target: RecoveryRequest['target'], cause: unknown): ArchiveError => {
  const left =
    target.kind === 'directory'
      ? `${target.path} is as it was before, and nothing is left beside it.`
      : 'Databases that were finished by then are there; the one that was at work is as it was before.';
  return new ArchiveError('Interrupted', `The restore was stopped from outside. ${left}`, { cause });
};

const withPlan = async <T>(
  request: RecoveryRequest,
  context: RecoveryContext,
  work: (prepared: Prepared, store: Store) => Promise<T>,
): Promise<T> => {
  const { target, wish, identities } = request;
  const store = await openStore(request.location);
  try {
    const prepared = await context.step('plan', async () => {
      const source = await openSource(store, request.verificationKeys);
      const look = (last: Link): Promise<Target> =>
        target.kind === 'directory' ? lookAtDirectory(target.path) : lookAtTargetServer(target, last, context.signal);
      return prepare(source, wish, look, identities, context.signal, target.kind === 'directory' ? target.programs : undefined);
    });
    return await work(prepared, store);
  } finally {
    await store.close();
  }
};
