// Whether a namespace goes away: then nothing can be made in it, and nobody may be held up.
import { finalizer, slotFinalizer } from '../api/group.ts';
import { namespaces } from '../kube/resource.ts';
import type { KubeObject } from '../kube/object.ts';
import type { OperatorContext } from './context.ts';

// Asked only while an object that we hold is being deleted.
export const isNamespaceTerminating = async (
  { client }: Pick<OperatorContext, 'client'>,
  { metadata }: { metadata: { namespace: string; deletionTimestamp?: string | undefined; finalizers?: string[] | undefined } },
): Promise<boolean> => {
  const isHeld = metadata.finalizers?.some((name) => name === finalizer || name === slotFinalizer) === true;
  if (metadata.deletionTimestamp === undefined || !isHeld) {
    return false;
  }
  const found = await client.get<KubeObject>(namespaces, { name: metadata.namespace });
  return found?.metadata?.deletionTimestamp !== undefined;
};
