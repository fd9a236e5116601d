// Which workloads a Restore has to stop: those that its spec names, and those that use a claim that is restored in place.
import { componentsOf } from './observed.ts';
import type { RestoreObserved } from './observed.ts';
import type { QuiesceWish } from './workloads/plan.ts';

// Of an undo: the claims of the Restore that it undoes, and what that has stopped.
export const quiesceWish = (observed: Pick<RestoreObserved, 'restore' | 'undone'>): QuiesceWish => ({
  named: observed.restore.spec.quiesce?.workloads ?? observed.undone?.spec.quiesce?.workloads ?? [],
  claims: inPlaceClaims(observed),
});

export const inPlaceClaims = (observed: Pick<RestoreObserved, 'restore' | 'undone'>): string[] => {
  const { restore, undone } = observed;
  const known = (undone ?? restore).status?.components ?? componentsOf(observed);
  return [
    ...new Set([
      ...(restore.spec.components ?? []).flatMap(({ target }) => target?.inPlace?.claimName ?? []),
      ...known.flatMap(({ kind, claimName }) => (kind === 'inPlace' && claimName !== undefined ? [claimName] : [])),
    ]),
  ];
};
