// Kinds of objects and their paths in the API.

export type Resource = { group: string; version: string; plural: string; kind: string; clusterWide?: boolean };

// Builds the path of a collection or of one object, such as /apis/batch/v1/namespaces/shop/jobs/x/status.
export const pathOf = (resource: Resource, ref: { namespace?: string; name?: string } = {}, subresource?: string): string => {
  const parts = resource.group === '' ? ['api', resource.version] : ['apis', resource.group, resource.version];
  if (ref.namespace !== undefined && ref.namespace !== '' && resource.clusterWide !== true) {
    parts.push('namespaces', ref.namespace);
  }
  parts.push(resource.plural);
  if (ref.name !== undefined) {
    parts.push(ref.name);
  }
  if (subresource !== undefined) {
    parts.push(subresource);
  }
  return `/${parts.map(encodeURIComponent).join('/')}`;
};

// For messages: `job shop/db-1`.
export const describe = (resource: Resource, ref: { namespace?: string | undefined; name?: string | undefined } = {}): string => {
  const name = [ref.namespace, ref.name].filter((part) => part !== undefined && part !== '').join('/');
  return name === '' ? resource.plural : `${resource.kind} ${name}`;
};

export const apiVersionOf = (resource: Resource): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

export const jobs: Resource = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job' };
export const deployments: Resource = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment' };
export const replicaSets: Resource = { group: 'apps', version: 'v1', plural: 'replicasets', kind: 'ReplicaSet' };
export const statefulSets: Resource = { group: 'apps', version: 'v1', plural: 'statefulsets', kind: 'StatefulSet' };
export const horizontalPodAutoscalers: Resource = {
  group: 'autoscaling',
  version: 'v2',
  plural: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
};
export const pods: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };
export const events: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event' };
export const namespaces: Resource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', clusterWide: true };
export const persistentVolumeClaims: Resource = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
};
