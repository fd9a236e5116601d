// The one recovery pipeline: plan → fetch → restore → defuse → replay → check.
import type { RecoveryPlan } from '../../core/recovery/plan.ts';
import { openStore } from '../../stores/open.ts';
import type { Store } from '../../stores/store.ts';
import type { RecoveryContext } from './context.ts';
import { restoreDirectory } from './into-directory.ts';
import type { RestoredDirectory } from './into-directory.ts';
import { prepare } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import type { RecoveryRequest } from './request.ts';
import { openSource } from './source.ts';
import { lookAtDirectory } from './target-directory.ts';

export type Recovered = { plan: RecoveryPlan; directory: RestoredDirectory };

// What would be done. Throws RecoveryRefused.
export const planOnly = (request: RecoveryRequest, context: RecoveryContext): Promise<RecoveryPlan> =>
  withPlan(request, context, ({ plan }) => Promise.resolve(plan));

// Does it. `onPlan` is told the plan before the first byte is read.
export const recover = (request: RecoveryRequest, context: RecoveryContext, onPlan: (plan: RecoveryPlan) => void): Promise<Recovered> =>
  withPlan(request, context, async (prepared, store) => {
    onPlan(prepared.plan);
    return { plan: prepared.plan, directory: await restoreDirectory(store, prepared, request.target, context) };
  });

type Work<T> = (prepared: Prepared, store: Store) => Promise<T>;

const withPlan = async <T>(request: RecoveryRequest, context: RecoveryContext, work: Work<T>): Promise<T> => {
  const store = await openStore(request.location);
  try {
    const prepared = await context.step('plan', async () => {
      const source = await openSource(store, request.verificationKeys);
      return prepare(source, request.wish, await lookAtDirectory(request.target.path), request.identities, context.signal);
    });
    return await work(prepared, store);
  } finally {
    await store.close();
  }
};
