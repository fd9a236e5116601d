// The end where all went well.
import { safetyPrefix } from '../../api/safety-place.ts';
import type { RestoreStatus } from '../../api/restore-status.ts';
import type { Action } from '../jobs/request.ts';
import { cut } from '../plan/conditions.ts';
import { day, isoTime } from '../plan/time.ts';
import { isUndo } from './observed.ts';
import type { RestoreDecision, RestoreObserved } from './observed.ts';
import { ended } from './outcome.ts';

// How long what was put aside is kept.
export const keptMilliseconds = 7 * day;

export const complete = (observed: RestoreObserved, status: RestoreStatus, actions: Action[] = []): RestoreDecision => {
  const undo = wayBack(observed, status);
  const ending = isUndo(observed)
    ? ({ good: true, reason: 'Undone', message: undoneMessage(observed) } as const)
    : ({ good: true, reason: 'Restored', message: restoredMessage(observed, status, undo) } as const);
  return { actions, status: ended(observed, { ...status, ...(undo === undefined ? {} : { undo }) }, ending) };
};

type Undo = NonNullable<RestoreStatus['undo']>;

const wayBack = (observed: RestoreObserved, { components = [] }: RestoreStatus): Undo | undefined => {
  const kept = components.filter((component) => component.kept === true);
  if (kept.length === 0 || isUndo(observed)) {
    return undefined;
  }
  const { uid } = observed.restore.metadata;
  const copies = kept.flatMap(({ name, copy }) =>
    copy === undefined ? [] : [{ component: name, place: safetyPrefix(uid, name), ...copy }],
  );
  return {
    state: 'Available',
    method: copies.length === 0 ? 'Renamed' : 'Stored',
    components: kept.map(({ name }) => name),
    ...(copies.length === 0 ? {} : { copies }),
    until: isoTime(observed.now + keptMilliseconds),
  };
};

const undoneMessage = ({ restore }: RestoreObserved): string =>
  `What was there before the Restore "${restore.spec.source.restoreRef?.name}" is back, and the server answers.`;

const restoredMessage = ({ restore }: RestoreObserved, { components = [] }: RestoreStatus, undo: Undo | undefined): string => {
  const { name, namespace } = restore.metadata;
  const places = components.map(({ name: component, claimName, path, message }) =>
    [
      `${component}${claimName === undefined ? '' : ` in the claim ${claimName}, folder ${path}`}`,
      ...(message === undefined ? [] : [message]),
    ].join(': '),
  );
  const where = [...new Set((undo?.copies ?? []).map(({ tier }) => ` in the tier ${tier}`))].join(' and');
  const back =
    undo === undefined
      ? ''
      : ` What was there is kept${where} until ${undo.until}: \`kubectl holdfast undo restore/${name} -n ${namespace}\` brings it back.`;
  return cut(`Restored and verified: ${places.join(' · ').replace(/\.$/, '')}.${back}`);
};
