// Two replicas with nothing to do: what they ask, and what they take.
import { setTimeout as pause } from 'node:timers/promises';
import { relistMilliseconds } from '../../src/kube/reflector.ts';
import { auditPosition, auditSince, countByKind, requestsOf } from './audit.ts';
import type { AuditEvent } from './audit.ts';
import type { ApiServer } from './api-server.ts';
import { startOperator } from './operator.ts';
import type { Memory } from './operator.ts';

export type Idle = {
  // Of both replicas.
  requestsPerSecond: number;
  // Of which lists that are read again and the watches that follow them, once in half an hour: a short window shows none, or too many.
  slowRequestsPerSecond: number;
  kinds: string[];
  millicores: number[];
  memory: Memory[];
};

const settleMilliseconds = 12_000;

export const idle = async (server: ApiServer, seconds: number): Promise<Idle> => {
  const beginning = auditPosition(server.auditFile);
  const replicas = [await startOperator(server, 'operator-a'), await startOperator(server, 'operator-b')];
  await Promise.all(replicas.map(({ ready }) => ready));
  await pause(settleMilliseconds);
  const position = auditPosition(server.auditFile);
  const cpu = replicas.map((replica) => replica.cpuSeconds());
  await pause(seconds * 1000);
  const started = requestsOf(await auditSince(server.auditFile, beginning)).filter(isSlow);
  const events = requestsOf(await auditSince(server.auditFile, position)).filter((event) => !isSlow(event));
  const slow = started.length / (relistMilliseconds / 1000);
  const found: Idle = {
    requestsPerSecond: events.length / seconds + slow,
    slowRequestsPerSecond: slow,
    kinds: countByKind(events),
    millicores: replicas.map((replica, at) => ((replica.cpuSeconds() - (cpu[at] ?? 0)) / seconds) * 1000),
    memory: replicas.map((replica) => replica.memory()),
  };
  await Promise.all(replicas.map((replica) => replica.stop()));
  return found;
};

const isSlow = ({ verb }: AuditEvent): boolean => verb === 'watch' || verb === 'list';
