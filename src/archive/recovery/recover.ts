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
      : 'No new database is there. Of those that were there before, the finished ones have what was restored into them; the one that was at work is as it was.';
  return new ArchiveError('Interrupted', `The restore was stopped from outside. ${left}`, { cause });
};

type Looked = Pick<RecoveryRequest, 'location' | 'verificationKeys' | 'identities' | 'wish'> & {
  // What the target looks like, once it is known what shall go there.
  look: (last: Link) => Promise<Target>;
  programs?: string;
};

const withPlan = <T>(
  request: RecoveryRequest,
  context: RecoveryContext,
  work: (prepared: Prepared, store: Store) => Promise<T>,
): Promise<T> => {
  const { target } = request;
  return withPrepared(
    {
      ...request,
      look: async (last) => (target.kind === 'directory' ? lookAtDirectory(target.path) : lookAtTargetServer(target, last, context.signal)),
      ...(target.kind === 'directory' && target.programs !== undefined ? { programs: target.programs } : {}),
    },
    context,
    work,
  );
};

// Opens the store, makes the plan (or throws RecoveryRefused), and gives both to `work`.
export const withPrepared = async <T>(
  { location, verificationKeys, identities, wish, look, programs }: Looked,
  context: RecoveryContext,
  work: (prepared: Prepared, store: Store) => Promise<T>,
): Promise<T> => {
  const store = await openStore(location);
  try {
    const prepared = await context.step('plan', async () => {
      const source = await openSource(store, verificationKeys);
      return prepare(source, wish, look, identities, context.signal, programs);
    });
    return await work(prepared, store);
  } finally {
    await store.close();
  }
};
