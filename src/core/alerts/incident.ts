// One thing that is wrong now, and what a rule is given to find it.
import { alerts } from '../../api/alerts.ts';
import type { AlertName, Severity } from '../../api/alerts.ts';
import type { Backup, BackupPolicy, Restore } from '../../api/objects.ts';
import { cut } from '../plan/conditions.ts';
import { instantOf } from '../plan/time.ts';

export type Incident = {
  name: AlertName;
  severity: Severity;
  since: number;
  // What to do: the first line of a mail.
  action: string;
  // What is wrong.
  message: string;
};

export type AlertFacts = {
  now: number;
  policy: BackupPolicy;
  // Its Backups, in any order.
  backups: Backup[];
  // Its Restores, in any order.
  restores: Restore[];
};

export type Finding = {
  incident?: Incident;
  // When the rule may answer otherwise although nothing changed.
  againMilliseconds?: number;
};

export const nothing: Finding = {};

// `message` must not hold figures that move by themselves: each change of it is a write.
export const open = (name: AlertName, since: number, message: string): Finding => ({
  incident: { name, severity: alerts[name].severity, since, action: alerts[name].action, message: cut(message, 512) },
});

// The incident of this name that is open, as the status remembers it.
const remembered = ({ policy }: AlertFacts, name: AlertName) =>
  policy.status?.alerts?.find((alert) => alert.name === name && alert.resolvedTime === undefined);

// When an incident of this name was opened, where it still is.
export const openSince = (facts: AlertFacts, name: AlertName): number | undefined => instantOf(remembered(facts, name)?.since);

// Keeps an incident open that nobody has seen end: not to know is no good news.
export const stay = (facts: AlertFacts, name: AlertName): Finding => {
  const known = remembered(facts, name);
  return known === undefined ? nothing : open(name, instantOf(known.since) ?? facts.now, known.message);
};

// Opens an incident only when it has lasted for some time; before that, says when to look again.
export const openAfter = (facts: AlertFacts, grace: number, name: AlertName, since: number, message: string): Finding => {
  const wait = openSince(facts, name) === undefined ? since + grace - facts.now : 0;
  return wait > 0 ? { againMilliseconds: wait } : open(name, since, message);
};
