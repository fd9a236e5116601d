// What the API server wrote down of the operator's requests.
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { operatorUser, timedNamespace } from './names.ts';

// Everything that the operator asks; of others only what makes the Backups that are timed.
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['ResponseStarted'],
  rules: [
    { level: 'Metadata', users: [operatorUser] },
    { level: 'Metadata', namespaces: [timedNamespace], verbs: ['create'] },
    { level: 'None' },
  ],
};

export type AuditEvent = {
  auditID: string;
  stage: 'RequestReceived' | 'ResponseComplete' | 'Panic';
  verb: string;
  requestURI: string;
  user: { username: string };
  objectRef?: { resource?: string; namespace?: string; name?: string; subresource?: string };
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  responseStatus?: { code?: number };
};

// A place in the log, to read on from.
export const auditPosition = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

// The events since a place.
export const auditSince = async (file: string, position: number): Promise<AuditEvent[]> => {
  const events: AuditEvent[] = [];
  for await (const line of createInterface({ input: createReadStream(file, { start: position }) })) {
    if (line !== '') {
      events.push(JSON.parse(line) as AuditEvent);
    }
  }
  return events;
};

const isOurs = ({ user }: AuditEvent): boolean => user.username === operatorUser;

// Each of the operator's requests once, when it came in.
export const requestsOf = (events: AuditEvent[]): AuditEvent[] =>
  events.filter((event) => isOurs(event) && event.stage === 'RequestReceived');

export const isLease = ({ objectRef }: AuditEvent): boolean => objectRef?.resource === 'leases';

const writing = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

// Not the Lease's.
export const writesOf = (events: AuditEvent[]): AuditEvent[] =>
  requestsOf(events).filter((event) => writing.has(event.verb) && !isLease(event));

export const refusedOf = (events: AuditEvent[]): AuditEvent[] =>
  events.filter((event) => isOurs(event) && event.responseStatus?.code === 429);

// How often each thing was asked, the most frequent first: `patch backups/status 500`.
export const countByKind = (events: AuditEvent[]): string[] => {
  const kinds = Map.groupBy(events, ({ verb, objectRef }) =>
    [verb, [objectRef?.resource, objectRef?.subresource].filter((part) => part !== undefined).join('/')].join(' '),
  );
  return [...kinds].toSorted(([, a], [, b]) => b.length - a.length).map(([kind, all]) => `${kind} ${all.length}`);
};
