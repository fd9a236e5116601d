// The operator starts on a cluster that has run for a while, and nothing has changed meanwhile.
import { setTimeout as pause } from 'node:timers/promises';
import { auditPosition, auditSince, countByKind, isLease, requestsOf, writesOf } from './audit.ts';
import type { AuditEvent } from './audit.ts';
import type { ApiServer } from './api-server.ts';
import { startOperator } from './operator.ts';
import type { Operator } from './operator.ts';

export type Restart = {
  requests: number;
  writes: number;
  // Of which for inspections: counted apart.
  inspections: number;
  kinds: string[];
  bytes: number;
  // Until the last request, the word "Ready", and the end of the work, whichever came last.
  steadySeconds: number;
  cpuSeconds: number;
  peakRssMiB: number;
};

const sampleMilliseconds = 50;
// Work has ended when the processor had none for this long.
const quietMilliseconds = 3000;
const busyShare = 0.2;
const longestMilliseconds = 60_000;

export const restart = async (server: ApiServer): Promise<Restart> => {
  const position = auditPosition(server.auditFile);
  const operator = await startOperator(server, 'operator-a');
  const [readyMilliseconds, busy] = await Promise.all([operator.ready, untilQuiet(operator)]);
  const events = requestsOf(await auditSince(server.auditFile, position));
  const last = Math.max(
    ...events.filter((event) => !isLease(event)).map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp)),
  );
  const found: Restart = {
    requests: events.length,
    writes: writesOf(events).length,
    inspections: events.filter(isInspection).length,
    kinds: countByKind(events),
    bytes: operator.bytesReceived(),
    steadySeconds: Math.max(last - operator.startedAt, readyMilliseconds, busy.untilMilliseconds) / 1000,
    cpuSeconds: busy.cpuSeconds,
    peakRssMiB: operator.memory().peakRssMiB,
  };
  await operator.stop();
  return found;
};

const isInspection = ({ objectRef }: AuditEvent): boolean =>
  objectRef?.resource === 'jobs' && objectRef.name?.includes('-inspect-') === true;

// When it last worked for more than a moment, since its start.
const untilQuiet = async (operator: Operator): Promise<{ untilMilliseconds: number; cpuSeconds: number }> => {
  let before = operator.cpuSeconds();
  let [untilMilliseconds, cpuSeconds] = [0, before];
  for (let now = 0; now < untilMilliseconds + quietMilliseconds && now < longestMilliseconds; now = Date.now() - operator.startedAt) {
    const from = performance.now();
    await pause(sampleMilliseconds);
    const used = operator.cpuSeconds();
    if (used - before > (busyShare * (performance.now() - from)) / 1000) {
      untilMilliseconds = Date.now() - operator.startedAt;
      cpuSeconds = used;
    }
    before = used;
  }
  return { untilMilliseconds, cpuSeconds };
};

// Lets an operator bring everything into the state in which it leaves it.
export const settle = async (server: ApiServer): Promise<void> => {
  const position = auditPosition(server.auditFile);
  const operator = await startOperator(server, 'operator-a');
  await operator.ready;
  let writes = -1;
  for (let now = 0; now !== writes;) {
    writes = now;
    await pause(quietMilliseconds);
    now = writesOf(await auditSince(server.auditFile, position)).length;
  }
  await operator.stop();
};
