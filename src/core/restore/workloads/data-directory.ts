// Where a pod has its data directory within a claim. What cannot be told for sure is left to the user.
import type { V1Container, V1PodSpec, V1VolumeMount } from '@kubernetes/client-node';

export type DataDirectory = { path?: string; container?: string; unclear?: string[] };

// Where the usual images of PostgreSQL up to 17 have it, if nothing is said.
const usualDirectory = '/var/lib/postgresql/data';

// Containers that run as long as the pod does; those that prepare something and end say nothing of the server.
export const lastingContainers = ({ containers, initContainers = [] }: V1PodSpec): V1Container[] => [
  ...containers,
  ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always'),
];

export const mountsAny = ({ volumeMounts = [] }: V1Container, volumes: readonly string[]): boolean =>
  volumeMounts.some(({ name }) => volumes.includes(name));

// `volumes`: those of the pod that are the claim.
export const dataDirectory = (pod: V1PodSpec, volumes: readonly string[]): DataDirectory => {
  const found = lastingContainers(pod)
    .filter((container) => mountsAny(container, volumes))
    .map((container) => ({ container: container.name, ...within(container, volumes) }));
  const paths = [...new Set(found.flatMap(({ path }) => path ?? []))];
  if (paths.length > 1) {
    return { unclear: [`its containers have data directories at ${paths.join(' and ')}`] };
  }
  const only = found.find(({ path }) => path !== undefined);
  return only ?? { unclear: found.length === 0 ? ['no container mounts it'] : found.flatMap(({ unclear }) => unclear ?? []).slice(0, 1) };
};

const within = (container: V1Container, volumes: readonly string[]): DataDirectory => {
  const { name } = container;
  const said = saidDirectory(container);
  if (said.path === undefined) {
    return said;
  }
  const parts = partsOf(said.path);
  const mount = mountOf(container, parts);
  if (mount === undefined || !volumes.includes(mount.name)) {
    return { unclear: [`container ${name} has its data directory ${said.path} elsewhere`] };
  }
  if (mount.subPathExpr !== undefined) {
    return { unclear: [`container ${name} mounts it by subPathExpr`] };
  }
  const path = [...partsOf(mount.subPath ?? ''), ...parts.slice(partsOf(mount.mountPath).length)].join('/');
  return path === ''
    ? { unclear: [`the data directory of container ${name} is the root of the volume, and nothing can be put aside there`] }
    : { path };
};

// The data directory in the container.
const saidDirectory = ({ name, env = [], envFrom = [], command = [], args = [], volumeMounts = [] }: V1Container): DataDirectory => {
  if ([...command, ...args].some((each) => /(^|\s)-D|data_directory/.test(each))) {
    return { unclear: [`the arguments of container ${name} name a data directory`] };
  }
  const variable = env.findLast((each) => each.name === 'PGDATA');
  if (variable !== undefined) {
    return variable.value?.startsWith('/') === true && !/\$\(|\/\.\.?(\/|$)/.test(variable.value)
      ? { path: variable.value }
      : { unclear: [`PGDATA of container ${name} is not written out`] };
  }
  const isUsual = envFrom.length === 0 && volumeMounts.some(({ mountPath }) => partsOf(mountPath).join('/') === usualDirectory.slice(1));
  return isUsual ? { path: usualDirectory } : { unclear: [`container ${name} has no variable PGDATA`] };
};

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

// The mount that a path lies in: the deepest one.
const mountOf = ({ volumeMounts = [] }: V1Container, path: readonly string[]): V1VolumeMount | undefined =>
  volumeMounts
    .filter(({ mountPath }) => partsOf(mountPath).every((part, index) => part === path[index]))
    .toSorted((a, b) => partsOf(b.mountPath).length - partsOf(a.mountPath).length)[0];
