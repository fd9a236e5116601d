// The least that every object of the API has.

export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
};

export type KubeMeta = {
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  deletionTimestamp?: string | Date;
  labels?: Record<string, string>;
  ownerReferences?: OwnerReference[];
};

export type KubeObject = { metadata?: KubeMeta };

// Names an object in a namespace.
export type Ref = { namespace?: string; name: string };

// The key of a queue or cache: `<namespace>/<name>`.
export const keyOf = (ref: Ref): string => `${ref.namespace ?? ''}/${ref.name}`;

export const refOf = (key: string): { namespace: string; name: string } => {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
};

export const keyOfObject = (object: KubeObject): string =>
  keyOf({ namespace: object.metadata?.namespace ?? '', name: object.metadata?.name ?? '' });

// The owner that manages the object, if it has one.
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata?.ownerReferences?.find((owner) => owner.controller === true);

// Whether resource version `a` is newer than `b`. They are decimal numbers of any length.
export const isNewer = (a: string | undefined, b: string | undefined): boolean => {
  if (a === undefined || b === undefined) {
    return true;
  }
  return a.length === b.length ? a > b : a.length > b.length;
};
