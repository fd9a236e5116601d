// One mail about one incident: subject, text and HTML. The first line is what to do.
import { createHash } from 'node:crypto';
import { alerts } from '../api/alerts.ts';
import type { BackupPolicy } from '../api/objects.ts';
import type { Message } from '../core/alerts/ledger.ts';
import { redact } from '../telemetry/redact.ts';

export type Mail = {
  subject: string;
  text: string;
  html: string;
  messageId: string;
  references?: string;
  headers: Record<string, string>;
};

export type MailOptions = { policy: BackupPolicy; clusterId: string; from: string };

export const mailOf = (message: Message, { policy, clusterId, from }: MailOptions): Mail => {
  const { alert, kind } = message;
  const { namespace, name, uid } = policy.metadata;
  // The same for the same incident, whoever sends it and however often: clients show such mails as one conversation.
  const incident = createHash('sha256').update(`${uid}/${alert.name}/${alert.since}`).digest('hex').slice(0, 24);
  const idOf = (which: Message['kind']): string => `<${incident}.${which}@${domainOf(from)}>`;
  const paragraphs = bodyOf(message, policy, clusterId).map((lines) => lines.map(redact));
  return {
    subject: redact(`[Holdfast ${kind === 'resolved' ? 'resolved' : alert.severity}] ${namespace}/${name}: ${alerts[alert.name].title}`),
    text: `${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`,
    html: htmlOf(paragraphs),
    messageId: idOf(kind),
    ...(kind === 'resolved' ? { references: idOf('opened') } : {}),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'List-Id': `Alerts of ${namespace}/${name} <${name}.${namespace}.holdfast.${domainOf(from)}>`,
      'X-Holdfast-Alert': `${alert.name}; severity=${alert.severity}; state=${kind}`,
    },
  };
};

const domainOf = (from: string): string => /@([^\s>]+)>?$/.exec(from)?.[1] ?? 'holdfast.invalid';

const bodyOf = (message: Message, { metadata: { namespace, name } }: BackupPolicy, clusterId: string): string[][] => {
  const { alert, action } = message;
  const facts = [
    `Policy:   ${namespace}/${name}`,
    `Alert:    ${alert.name} (${alert.severity})`,
    `Since:    ${alert.since}`,
    ...(alert.resolvedTime === undefined ? [] : [`Over:     ${alert.resolvedTime}`]),
    `Cluster:  ${clusterId}`,
  ];
  if (message.kind === 'resolved') {
    const late = alert.notifiedTime === undefined ? ['No mail told that it began: none could be delivered at that time.'] : [];
    return [[`Nothing to do: "${alerts[alert.name].title}" is over.`, ...late], facts, ['What it was:', alert.message]];
  }
  return [
    [action],
    [alert.message],
    facts,
    ['Begin with:', `  kubectl holdfast status ${name} -n ${namespace}`],
    [`${alert.name}: ${alerts[alert.name].meaning}`, 'One more mail follows when it is over.'],
  ];
};

const htmlOf = ([first = [], ...rest]: string[][]): string => {
  const parts = rest.map((lines) => (isAligned(lines) ? `<pre>${lines.map(escaped).join('\n')}</pre>` : `<p>${brokenLines(lines)}</p>`));
  return `<!doctype html>\n<html lang="en"><body>\n<p><strong>${brokenLines(first)}</strong></p>\n${parts.join('\n')}\n</body></html>\n`;
};

const brokenLines = (lines: string[]): string => lines.map(escaped).join('<br>\n');
const isAligned = (lines: string[]): boolean => lines.some((line) => / {2}/.test(line));

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
