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
import type { Finished, Named } from './objects.ts';

const policiesInOneNamespace = 10;
const policyAgeMilliseconds = 60 * 86_400_000;

export const policyNames = (count: number): Named[] =>
  Array.from({ length: count }, (_, at) => ({
    namespace: `team-${String(Math.floor(at / policiesInOneNamespace)).padStart(2, '0')}`,
    name: `app-${at % policiesInOneNamespace}`,
  }));

export const timedNames = (count: number): Named[] =>
  Array.from({ length: count }, (_, at) => ({ namespace: timedNamespace, name: `timed-${at}` }));

// Makes policies, each with so many Backups that have ended. The first one is brought by `settle` into the state in which an operator leaves
// it; the others get its status.
export const load = async (
  server: ApiServer,
  policies: Named[],
  backupsPerPolicy: number,
  settle: () => Promise<unknown>,
): Promise<void> => {
  const now = Date.now();
  for (const name of new Set(policies.map(({ namespace }) => namespace))) {
    await server.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject);
  }
  const backupsOf = (policy: Named): Finished[] => Array.from({ length: backupsPerPolicy }, (_, age) => finishedBackup(policy, age, now));
  const [first, ...others] = policies as [Named, ...Named[]];
  const [newest, ...older] = backupsOf(first) as [Finished, ...Finished[]];
  await makeFirst(server, first, newest, now);
  await copyBackups(server, newest, [newest, ...older]);
  await settle();
  await copyBackups(server, newest, others.flatMap(backupsOf));
  await copyPolicies(server, first, others);
  // Where a message names the policy.
  await settle();
};

// By requests like the operator's own, but that the policy seems old.
const makeFirst = async (server: ApiServer, policy: Named, newest: Finished, now: number): Promise<void> => {
  const { client, etcd } = server;
  await client.create(backups, backupObject(newest));
  await client.patch(backups, newest, { status: backupStatus(newest) }, { subresource: 'status' });
  await client.create(backupPolicies, policyObject(policy));
  await client.patch(backupPolicies, policy, { status: policyStatus(newest, now) }, { subresource: 'status' });
  const stored = await read(server, backupPolicies, policy);
  const metadata = { ...stored.metadata, creationTimestamp: isoTime(now - policyAgeMilliseconds) };
  await etcd.putAll([[keyOf(backupPolicies, policy), JSON.stringify({ ...stored, metadata })]]);
};

type Stored = { metadata: object; status: object };

const keyOf = ({ group, plural }: Resource, { namespace, name }: Named): string => `/registry/${group}/${plural}/${namespace}/${name}`;

const read = async ({ etcd }: ApiServer, resource: Resource, of: Named): Promise<Stored> =>
  JSON.parse(await etcd.get(keyOf(resource, of))) as Stored;

const copyBackups = async (server: ApiServer, from: Finished, wanted: Finished[]): Promise<void> => {
  const stored = await read(server, backups, from);
  await server.etcd.putAll(
    wanted.map((backup) => {
      const object = backupObject(backup);
      const metadata = { ...stored.metadata, ...object.metadata, uid: randomUUID(), creationTimestamp: isoTime(backup.slot) };
      return [keyOf(backups, backup), JSON.stringify({ ...stored, ...object, metadata, status: backupStatus(backup) })];
    }),
  );
};

const copyPolicies = async (server: ApiServer, from: Named, wanted: Named[]): Promise<void> => {
  const stored = await read(server, backupPolicies, from);
  await server.etcd.putAll(
    wanted.map((policy) => {
      const metadata = { ...stored.metadata, ...policy, uid: randomUUID() };
      return [keyOf(backupPolicies, policy), JSON.stringify({ ...stored, metadata })];
    }),
  );
};
