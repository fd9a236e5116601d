// Giving back replicas, in the opposite order. What somebody has scaled meanwhile is left as it is.
import type { QuiescedWorkload } from '../../../api/restore-status.ts';
import type { QuiesceFacts, ScaleStep } from './facts.ts';
import { stillThere } from './facts.ts';

// `done`: everything that can be given back is. `notes`: what was not.
export type Resuming = { scale: ScaleStep[]; done: boolean; notes: string[] };

export const resuming = (recorded: readonly QuiescedWorkload[], facts: QuiesceFacts): Resuming => {
  const each = recorded.toReversed().map((was) => ({ was, is: stillThere(facts, was) }));
  const scale = each.flatMap(({ was, is }) =>
    is !== undefined && is.replicas === 0 && was.replicas > 0 ? [{ kind: was.kind, name: was.name, uid: was.uid, to: was.replicas }] : [],
  );
  const notes = each.flatMap(({ was, is }) =>
    is === undefined
      ? [`${was.kind} ${was.name} is gone, or another one has its name: it got nothing back.`]
      : is.replicas !== was.replicas && is.replicas !== 0
        ? [`${was.kind} ${was.name} has ${is.replicas} replicas by now instead of ${was.replicas}: it was left so.`]
        : [],
  );
  return { scale, done: scale.length === 0, notes };
};
