// What is wrong with a Restore as it is written, asked before anything is done. Admission asks the confirmation, too, where it is installed; whoever
// restores without it shall not be the one who finds out.
import type { RestoreSpec } from '../../api/restore.ts';
import type { RestoreStatus } from '../../api/restore-status.ts';
import type { TargetClaim } from './observed.ts';
import { isInPlace } from './targets.ts';

export type WrittenRefusal = { kind: 'refusal'; code: 'ConfirmationMismatch' | 'NothingToUndo'; message: string };

type Written = {
  metadata: { namespace: string; name: string };
  spec: Pick<RestoreSpec, 'source' | 'components' | 'confirmation'>;
};

// The Restore that shall be undone, as it is now.
export type UndoneRestore = { spec: Pick<RestoreSpec, 'source'>; status?: Pick<RestoreStatus, 'undo' | 'endTime'> };

// The confirmation names the policy whose data is replaced, and no other.
export const confirmationProblem = ({ metadata: { namespace }, spec }: Written): WrittenRefusal | undefined => {
  const expected = `${namespace}/${spec.source.policyRef.name}`;
  if (spec.confirmation === expected || (spec.confirmation === undefined && !isInPlace({ spec }))) {
    return undefined;
  }
  const said = spec.confirmation === undefined ? 'spec.confirmation is missing' : `spec.confirmation says "${spec.confirmation}"`;
  return {
    kind: 'refusal',
    code: 'ConfirmationMismatch',
    message: `${said}, but it is data of the policy "${expected}" that would be replaced. Where that is meant, create another Restore with confirmation: ${expected}.`,
  };
};

// A claim of that name that was not made for this Restore is somebody's data.
export const claimExists = ({ name, leaving }: Pick<TargetClaim, 'name' | 'leaving'>, namespace: string): string =>
  leaving === true
    ? `The claim "${name}" is being deleted, and pods still hold it, perhaps those of the Restore that it was made for: delete that, wait until kubectl get pvc ${name} -n ${namespace} finds nothing, and create another Restore.`
    : `The claim "${name}" is there already and was not made for this Restore. Give target.volume.claimName another name in another Restore.`;

const refuse = (message: string): WrittenRefusal => ({ kind: 'refusal', code: 'NothingToUndo', message });

// An undo is of a Restore of the same policy (the confirmation speaks of that one), which has put something aside.
export const undoProblem = (
  { metadata: { namespace, name }, spec }: Written,
  undone: UndoneRestore | undefined,
): WrittenRefusal | undefined => {
  const of = spec.source.restoreRef?.name;
  if (of === undefined) {
    return undefined;
  }
  if (undone === undefined) {
    return refuse(`There is no Restore "${of}" in the namespace ${namespace}. See \`kubectl get restores -n ${namespace}\`.`);
  }
  const policy = undone.spec.source.policyRef.name;
  if (policy !== spec.source.policyRef.name) {
    return refuse(
      `The Restore "${of}" is one of the policy "${policy}", not of "${spec.source.policyRef.name}". Create another one with source.policyRef.name: ${policy} and confirmation: ${namespace}/${policy}.`,
    );
  }
  if (undone.spec.source.restoreRef !== undefined) {
    return refuse(`The Restore "${of}" is an undo itself and puts nothing aside. To go forward again restore the point that is wanted.`);
  }
  if (undone.status?.endTime === undefined) {
    return refuse(`The Restore "${of}" has not ended. Wait for it, or delete it: that brings back what was there before.`);
  }
  const undo = undone.status.undo;
  if (undo?.state === 'Available' || (undo?.state === 'Undone' && undo.by === name)) {
    return undefined;
  }
  return refuse(
    undo === undefined
      ? `The Restore "${of}" has put nothing aside, so there is nothing to bring back. Restore a backup from before it instead.`
      : undo.state === 'Undone'
        ? `The Restore "${of}" was undone already${undo.by === undefined ? '' : `, by "${undo.by}"`}.`
        : `What the Restore "${of}" had put aside was removed${undo.until === undefined ? '' : ` after ${undo.until}`}. Restore a backup from before it instead.`,
  );
};
