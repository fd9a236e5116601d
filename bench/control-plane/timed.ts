// From a Backup to its first Job, by the API server's own clock: from the request that makes the one to the answer that made the other.
import { setTimeout as pause } from 'node:timers/promises';
import { apiVersion } from '../../src/api/group.ts';
import { backups } from '../../src/controllers/resources.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { auditPosition, auditSince, writesOf } from './audit.ts';
import type { AuditEvent } from './audit.ts';
import type { ApiServer } from './api-server.ts';
import { timedNames } from './load.ts';
import type { Named } from './objects.ts';
import { startOperator } from './operator.ts';
import { timedNamespace } from './names.ts';

export type Timed = {
  // The first one after each start.
  firstMilliseconds: number[];
  warmMilliseconds: number[];
  // The operator's writes until the Job was there, at most.
  writes: number;
};

type One = { milliseconds: number; writes: number };

const afterReadyMilliseconds = 3000;
const betweenMilliseconds = 500;
const pollMilliseconds = 20;
const limitMilliseconds = 30_000;

export const timeBackups = async (server: ApiServer, starts: number, warm: number): Promise<Timed> => {
  const [first, others] = [[] as One[], [] as One[]];
  const policies = timedNames(starts + warm);
  for (let round = 0; round < starts; round += 1) {
    const operator = await startOperator(server, 'operator-a');
    await operator.ready;
    await pause(afterReadyMilliseconds);
    first.push(await timeOne(server, policies[round] as Named));
    if (round === starts - 1) {
      for (const policy of policies.slice(starts)) {
        await pause(betweenMilliseconds);
        others.push(await timeOne(server, policy));
      }
    }
    await operator.stop();
  }
  return {
    firstMilliseconds: first.map(({ milliseconds }) => milliseconds),
    warmMilliseconds: others.map(({ milliseconds }) => milliseconds),
    writes: Math.max(...[...first, ...others].map(({ writes }) => writes)),
  };
};

const timeOne = async ({ client, auditFile }: ApiServer, { name: policy }: Named): Promise<One> => {
  const position = auditPosition(auditFile);
  const name = `${policy}-by-hand`;
  await client.create<KubeObject>(backups, {
    apiVersion,
    kind: 'Backup',
    metadata: { namespace: timedNamespace, name },
    spec: { policyRef: { name: policy } },
  } as KubeObject);
  for (const end = Date.now() + limitMilliseconds; Date.now() < end; await pause(pollMilliseconds)) {
    const events = await auditSince(auditFile, position);
    const job = events.find((event) => isCreated(event, 'jobs'));
    const backup = events.find((event) => isCreated(event, 'backups'));
    if (job !== undefined && backup !== undefined) {
      const until = events.slice(0, events.indexOf(job));
      return { milliseconds: Date.parse(job.stageTimestamp) - Date.parse(backup.requestReceivedTimestamp), writes: writesOf(until).length };
    }
  }
  throw new Error(`The Backup ${timedNamespace}/${name} got no Job within ${limitMilliseconds / 1000} s.`);
};

const isCreated = ({ verb, stage, objectRef, responseStatus }: AuditEvent, resource: string): boolean =>
  verb === 'create' && stage === 'ResponseComplete' && objectRef?.resource === resource && responseStatus?.code === 201;
