// What is waited for, as it is written on the command line.
import { wrongUse } from '../common/errors.ts';
import { restoreWords } from '../restores/named.ts';

export const goalNames = ['complete', 'ready', 'rpo'] as const;
export type Goal = (typeof goalNames)[number];

export type Target = { kind: 'Backup' | 'BackupPolicy' | 'Restore'; name: string; goal: Goal };

// As kubectl takes them: singular, plural and short.
const kinds: Record<string, Target['kind']> = {
  backup: 'Backup',
  backups: 'Backup',
  hb: 'Backup',
  policy: 'BackupPolicy',
  backuppolicy: 'BackupPolicy',
  backuppolicies: 'BackupPolicy',
  hbp: 'BackupPolicy',
  ...Object.fromEntries(restoreWords.map((word) => [word, 'Restore' as const])),
};

const goalsOf: Record<Target['kind'], Goal[]> = {
  Backup: ['complete', 'ready'],
  BackupPolicy: ['ready', 'rpo'],
  Restore: ['complete', 'ready'],
};

export const readTarget = (text: string, wanted: Goal | undefined): Target => {
  const [, word = '', name = ''] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  const kind = kinds[word.toLowerCase().replace(/\.holdfast\.dev$/, '')];
  if (kind === undefined) {
    throw wrongUse(`"${text}" names nothing that can be waited for.`, 'Write backup/<name>, restore/<name> or policy/<name>.');
  }
  const goals = goalsOf[kind];
  const goal = wanted ?? goals[0] ?? 'ready';
  if (!goals.includes(goal)) {
    throw wrongUse(`A ${kind} cannot be waited for with --for ${goal}.`, `Write --for ${goals.join(' or --for ')}.`);
  }
  return { kind, name, goal };
};
