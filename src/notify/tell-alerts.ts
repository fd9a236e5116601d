// Sends the mails that are due for one policy.
import type { AlertStatus } from '../api/policy.ts';
import type { BackupPolicy } from '../api/objects.ts';
import { delivered, ledger, undelivered, untold } from '../core/alerts/ledger.ts';
import type { Message } from '../core/alerts/ledger.ts';
import type { Incident } from '../core/alerts/incident.ts';
import { cut } from '../core/plan/conditions.ts';
import type { TellContext } from './context.ts';
import { mailOf } from './message.ts';
import type { RouteFound } from './route.ts';

export type Told = { alerts: AlertStatus[]; problem?: string; againMilliseconds?: number };

const longestProblem = 256;

// Never throws: what could not be delivered stands in the result, and is due again.
export const tellAlerts = async (
  context: TellContext,
  policy: BackupPolicy,
  incidents: Incident[],
  { sinks, broken }: RouteFound,
): Promise<Told> => {
  const { alerts, due } = ledger(policy.status?.alerts ?? [], incidents, context.now());
  if (broken !== undefined) {
    const problem = cut(broken, longestProblem);
    return due.length === 0 ? { alerts } : { alerts: due.reduce((all, each) => undelivered(all, each, problem), alerts), problem };
  }
  if (sinks.to === undefined) {
    return { alerts: untold(alerts) };
  }
  const key = `mail ${policy.metadata.uid}`;
  const wait = due.length === 0 ? 0 : context.pauses.left(key);
  if (wait > 0) {
    return pending(alerts, wait);
  }
  let told = alerts;
  for (const message of due) {
    const problem = await tellOne(context, policy, message, sinks.to);
    if (problem !== undefined) {
      context.pauses.failed(key);
      // What could not be reached for one mail is not tried for the next.
      const rest = due.slice(due.indexOf(message)).reduce((all, each) => undelivered(all, each, problem), told);
      return pending(rest, context.pauses.left(key));
    }
    told = delivered(told, message, context.now());
  }
  context.pauses.succeeded(key);
  return { alerts: told };
};

const pending = (alerts: AlertStatus[], againMilliseconds: number): Told => {
  const problem = alerts.find((alert) => alert.problem !== undefined)?.problem;
  return { alerts, againMilliseconds, ...(problem === undefined ? {} : { problem }) };
};

// Returns why it could not be handed over.
const tellOne = async (context: TellContext, policy: BackupPolicy, message: Message, to: string[]): Promise<string | undefined> => {
  const { log, clusterId, counted } = context;
  const server = context.settings()?.server;
  const fields = {
    BackupPolicy: `${policy.metadata.namespace}/${policy.metadata.name}`,
    alert: message.alert.name,
    severity: message.alert.severity,
    state: message.kind,
  };
  if (server === undefined) {
    return 'Mail: the operator has no mail server: set notify.smtp in the values of the chart';
  }
  try {
    const { refused } = await context.sendMail(server, to, mailOf(message, { policy, clusterId, from: server.from }));
    log.info('Sent a mail', { ...fields, recipients: to.length - refused.length });
    if (refused.length > 0) {
      log.error('The mail server refused some of those that a mail was for', { ...fields, refused });
    }
    counted('email', 'delivered');
    return undefined;
  } catch (error) {
    log.error('Could not send a mail', { ...fields, error });
    counted('email', 'failed');
    return cut(error instanceof Error ? error.message : String(error), longestProblem);
  }
};
