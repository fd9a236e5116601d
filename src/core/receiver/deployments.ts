// Which Deployments are made and which go, so that each wanted receiver runs as the policy says now.
import type { Action } from '../jobs/request.ts';
import type { ReceiverFacts } from './facts.ts';

// One that changed, or hangs, goes first and is made anew when it is gone.
export const receiverActions = (receivers: readonly ReceiverFacts[], wanted: readonly string[], hanging: readonly string[]): Action[] => [
  ...receivers
    .filter(({ ours, deleting }) => ours && !deleting)
    .filter(({ upToDate, component }) => !upToDate || !wanted.includes(component) || hanging.includes(component))
    .map(({ name, uid }): Action => ({ type: 'deleteReceiver', name, uid })),
  ...wanted
    .filter((component) => !receivers.some((each) => each.component === component))
    .map((component): Action => ({ type: 'createReceiver', component })),
];
