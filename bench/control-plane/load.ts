// Fills the cluster. Of each kind one object is made by requests like the operator's own; the others are copies of what etcd then holds of it.
import { randomUUID } from 'node:crypto';
import { backupPolicies, backups } from '../../src/controllers/resources.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { isoTime } from '../../src/core/plan/time.ts';
import { namespaces } from '../../src/kube/resource.ts';
import type { Resource } from '../../src/kube/resource.ts';
import type { ApiServer } from './api-server.ts';
import { timedNamespace } from './names.ts';
import { backupObject, backupStatus, finishedBackup, policyObject, policyStatus } from './objects.ts';
import type { Named } from './objects.ts';

const policiesInOneNamespace = 10;
const policyAgeMilliseconds = 60 * 86_400_000;

export const policyNames = (count: number): Named[] =>
  Array.from({ length: count }, (_, at) => ({
    namespace: `team-${String(Math.floor(at / policiesInOneNamespace)).padStart(2, '0')}`,
    name: `app-${at % policiesInOneNamespace}`,
  }));

export const timedNames = (count: number): Named[] =>
  Array.from({ length: count }, (_, at) => ({ namespace: timedNamespace, name: `timed-${at}` }));

// What an object is to be, and since when it is there.
type Wanted = { object: { metadata: Named } & object; status: object; created: number };

// Makes policies, each with so many Backups that have ended.
export const load = async (server: ApiServer, policies: Named[], backupsPerPolicy: number): Promise<void> => {
  const now = Date.now();
  for (const name of new Set(policies.map(({ namespace }) => namespace))) {
    await server.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject);
  }
  const finished = policies.flatMap((policy) => Array.from({ length: backupsPerPolicy }, (_, age) => finishedBackup(policy, age, now)));
  await makeAll(
    server,
    backups,
    finished.map((backup) => ({ object: backupObject(backup), status: backupStatus(backup), created: backup.slot })),
  );
  await makeAll(
    server,
    backupPolicies,
    policies.map((policy) => {
      const newest = backupsPerPolicy === 0 ? undefined : finishedBackup(policy, 0, now);
      return { object: policyObject(policy), status: policyStatus(newest, backupsPerPolicy, now), created: now - policyAgeMilliseconds };
    }),
  );
};

const makeAll = async ({ client, etcd }: ApiServer, resource: Resource, all: Wanted[]): Promise<void> => {
  const [first] = all;
  if (first === undefined) {
    return;
  }
  const { namespace, name } = first.object.metadata;
  await client.create(resource, first.object);
  await client.patch(resource, { namespace, name }, { status: first.status }, { subresource: 'status' });
  const key = (of: Named): string => `/registry/${resource.group}/${resource.plural}/${of.namespace}/${of.name}`;
  const stored = JSON.parse(await etcd.get(key(first.object.metadata))) as { metadata: object };
  await etcd.putAll(
    all.map(({ object, status, created }) => {
      const metadata = { ...stored.metadata, ...object.metadata, uid: randomUUID(), creationTimestamp: isoTime(created) };
      return [key(object.metadata), JSON.stringify({ ...stored, ...object, metadata, status })];
    }),
  );
};
