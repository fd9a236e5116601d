// What the status remembers of incidents, and which messages are due. There is one when an incident opens and one when it is over.
import { alerts } from '../../api/alerts.ts';
import type { AlertStatus } from '../../api/policy.ts';
import { isoTime } from '../plan/time.ts';
import type { Incident } from './incident.ts';
import { isReplaced } from './incidents.ts';

export type Message = { kind: 'opened' | 'resolved'; alert: AlertStatus; action: string };

export type Ledger = {
  // As the status shall hold it when no message is due or none can be delivered.
  alerts: AlertStatus[];
  due: Message[];
};

// Joins what is remembered with what is wrong now.
export const ledger = (before: AlertStatus[], incidents: Incident[], now: number): Ledger => {
  const open = incidents.map((incident) => joined(before, incident));
  const over = before
    .filter(({ name }) => !incidents.some((incident) => incident.name === name) && !isReplaced(name, incidents))
    .map((alert) => ({ ...alert, resolvedTime: alert.resolvedTime ?? isoTime(now) }))
    // Nobody was told that it began, and nobody tried to: there is nothing to take back.
    .filter(({ notifiedTime, problem }) => notifiedTime !== undefined || problem !== undefined);
  return {
    alerts: [...open, ...over],
    due: [
      ...open.filter(({ notifiedTime }) => notifiedTime === undefined).map((alert) => messageOf('opened', alert)),
      ...over.map((alert) => messageOf('resolved', alert)),
    ],
  };
};

// An incident that comes back before anybody was told of its end goes on.
const joined = (before: AlertStatus[], { name, severity, since, message }: Incident): AlertStatus => {
  const known = before.find((alert) => alert.name === name);
  if (known === undefined) {
    return { name, severity, since: isoTime(since), message };
  }
  const { resolvedTime: _, ...kept } = known;
  return { ...kept, severity, message };
};

const messageOf = (kind: Message['kind'], alert: AlertStatus): Message => ({ kind, alert, action: alerts[alert.name].action });

// The ledger after a message was handed over.
export const delivered = (all: AlertStatus[], { kind, alert }: Message, now: number): AlertStatus[] =>
  kind === 'resolved'
    ? all.filter(({ name }) => name !== alert.name)
    : all.map((each) => {
        const { problem: _, ...rest } = each;
        return each.name === alert.name ? { ...rest, notifiedTime: isoTime(now) } : each;
      });

// The ledger after a message could not be handed over.
export const undelivered = (all: AlertStatus[], { alert }: Message, problem: string): AlertStatus[] =>
  all.map((each) => (each.name === alert.name ? { ...each, problem } : each));

// The ledger where nobody is to be told: it holds what is open, and nothing else.
export const untold = (all: AlertStatus[]): AlertStatus[] => all.filter(({ resolvedTime }) => resolvedTime === undefined);
