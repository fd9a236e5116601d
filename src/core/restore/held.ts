// Where the old data of a component is: in its place, beside the new, or in the store only.
import type { ProgressLine } from '../../api/agent.ts';
import type { BackupPolicy, Restore } from '../../api/objects.ts';
import type { RecoverResult } from '../../api/recover.ts';
import type { RestoredComponent, RestoreStatus } from '../../api/restore-status.ts';
import type { RecoverRequest } from '../jobs/request.ts';

// What a result says of it, also one of a failure.
export const withHeld = (component: RestoredComponent, { mode, replaced, kept, copy }: RecoverResult): RestoredComponent => {
  if ((mode !== 'Restore' && mode !== 'Undo') || replaced === undefined) {
    return component;
  }
  const { copy: _copy, away: _away, ...rest } = component;
  return {
    ...rest,
    ...(copy === undefined ? {} : { copy }),
    ...(copy !== undefined && kept === true && !replaced ? { away: true } : {}),
  };
};

// While an agent copies, or fetches a copy: of one that dies without a word it is not known how far it came.
export const copyPhases = { copying: 'safety', checking: 'check copy', fetching: 'fetch copy' } as const;

export const whileCopying = (
  component: RestoredComponent,
  tier: string,
  progress: Pick<ProgressLine, 'phase' | 'bytes'> | undefined,
): RestoredComponent => {
  const { phase, bytes = 0 } = progress ?? {};
  if (phase === copyPhases.copying) {
    return { ...component, away: true, copy: { tier, bytes } };
  }
  return phase === copyPhases.checking || phase === copyPhases.fetching
    ? { ...component, away: true, copy: component.copy ?? { tier, bytes: 0 } }
    : component;
};

// Nothing is started on an empty place.
export const isAway = ({ components = [] }: RestoreStatus): boolean => components.some(({ away }) => away === true);

// How a Job comes to the copy. Nothing where there is none, or the policy has no tier of that name any more.
export const copiesFor = (
  { copy }: RestoredComponent,
  policy: BackupPolicy,
  ...opens: (Restore | undefined)[]
): Pick<RecoverRequest, 'copies'> => {
  const identity = opens.map((restore) => restore?.spec.source.identitySecretRef).find((ref) => ref !== undefined);
  return copy === undefined || !policy.spec.tiers.some(({ name }) => name === copy.tier)
    ? {}
    : { copies: { tier: copy.tier, ...(identity === undefined ? {} : { identity }) } };
};
