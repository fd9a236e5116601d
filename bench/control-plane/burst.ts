// A Backup of every policy at once.
import { setTimeout as pause } from 'node:timers/promises';
import { apiVersion } from '../../src/api/group.ts';
import { backups } from '../../src/controllers/resources.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { auditPosition, auditSince, refusedOf } from './audit.ts';
import type { AuditEvent } from './audit.ts';
import type { ApiServer } from './api-server.ts';
import type { Named } from './objects.ts';
import { startOperator } from './operator.ts';

export type Burst = { backups: number; jobs: number; seconds: number; refused: number; peakRssMiB: number };

const atOnce = 50;
const pollMilliseconds = 500;
const limitMilliseconds = 120_000;
const afterReadyMilliseconds = 2000;

export const burst = async (server: ApiServer, policies: Named[]): Promise<Burst> => {
  const operator = await startOperator(server, 'operator-a');
  await operator.ready;
  await pause(afterReadyMilliseconds);
  const position = auditPosition(server.auditFile);
  const startedAt = Date.now();
  const applied = applyAll(server, policies);
  let events: AuditEvent[] = [];
  const made = (): AuditEvent[] => events.filter(isDumpMade);
  while (made().length < policies.length && Date.now() < startedAt + limitMilliseconds) {
    await pause(pollMilliseconds);
    events = await auditSince(server.auditFile, position);
  }
  await applied;
  const last = Math.max(startedAt, ...made().map(({ stageTimestamp }) => Date.parse(stageTimestamp)));
  const { peakRssMiB } = operator.memory();
  await operator.stop();
  const seconds = made().length === policies.length ? (last - startedAt) / 1000 : limitMilliseconds / 1000;
  return { backups: policies.length, jobs: made().length, seconds, refused: refusedOf(events).length, peakRssMiB };
};

const applyAll = async ({ client }: ApiServer, policies: Named[]): Promise<void> => {
  const left = policies.values();
  const worker = async (): Promise<void> => {
    for (const { namespace, name } of left) {
      const metadata = { namespace, name: `${name}-at-once` };
      await client.create<KubeObject>(backups, { apiVersion, kind: 'Backup', metadata, spec: { policyRef: { name } } } as KubeObject);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

const isDumpMade = ({ verb, stage, objectRef, responseStatus }: AuditEvent): boolean =>
  verb === 'create' &&
  stage === 'ResponseComplete' &&
  objectRef?.resource === 'jobs' &&
  objectRef.name?.includes('-dump-') === true &&
  responseStatus?.code === 201;
