// Every place where a secret must not lie: what the API server hands out, what is logged, what Helm keeps, what is stored.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { kubectl, mustKubectl, run } from '../../cluster/kubectl.ts';
import { filesBelow } from './files.ts';

export type Place = { kind: string; name: string; content: string | Buffer };

const listed = async (kind: string, resource: string): Promise<Place> => ({
  kind,
  name: resource,
  content: await mustKubectl(['get', resource, '--all-namespaces', '-o', 'yaml', '--show-managed-fields']),
});

export const resources = (): Promise<Place[]> =>
  Promise.all([
    listed('events', 'events'),
    listed('custom resources', 'backuppolicies,backups'),
    listed('jobs', 'jobs'),
    listed('pods', 'pods'),
    listed('config maps', 'configmaps'),
  ]);

export const podsOf = async (selector: string[]): Promise<V1Pod[]> =>
  (JSON.parse(await mustKubectl(['get', 'pods', '-o', 'json', ...selector])) as { items: V1Pod[] }).items;

// Logs of all pods of all namespaces, also of containers that were started anew.
export const podLogs = async (): Promise<Place[]> => Promise.all((await podsOf(['--all-namespaces'])).map(logOf));

const logOf = async ({ metadata }: V1Pod): Promise<Place> => {
  const at = ['-n', metadata?.namespace ?? '', metadata?.name ?? '', '--all-containers'];
  const [now, before] = await Promise.all([kubectl(['logs', ...at]), kubectl(['logs', '--previous', ...at])]);
  return { kind: 'pod logs', name: `${metadata?.namespace}/${metadata?.name}`, content: now.stdout + before.stdout };
};

// Values, manifests, hooks and notes of every release.
export const releases = async (): Promise<Place[]> => {
  const { stdout } = await run('helm', ['list', '--all-namespaces', '-o', 'json']);
  return Promise.all((JSON.parse(stdout) as Release[]).map(release));
};

type Release = { name: string; namespace: string };

const release = async ({ name, namespace }: Release): Promise<Place> => ({
  kind: 'helm release',
  name: `${namespace}/${name}`,
  content: (await run('helm', ['get', 'all', name, '-n', namespace])).stdout,
});

// Every byte of every file of a folder; names of files count too.
export const storedBytes = (kind: string, folder: string): Place[] =>
  filesBelow(folder).map((path) => ({
    kind,
    name: path,
    content: Buffer.concat([Buffer.from(`${path}\n`), readFileSync(join(folder, path))]),
  }));
