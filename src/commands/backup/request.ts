// The Backup that is asked for: its name, and what it covers.
import { runTypes } from '../../api/backup-type.ts';
import type { RunType } from '../../api/backup-type.ts';
import { labelPattern } from '../../api/label-pattern.ts';
import { apiVersion, label } from '../../api/group.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { Component } from '../../api/policy.ts';
import { compactTime } from '../../core/plan/time.ts';
import { archiveMode } from '../../core/plan/wal-archive.ts';
import { wrongUse } from '../common/errors.ts';

const longestName = 63;

export type NewBackup = {
  apiVersion: string;
  kind: 'Backup';
  metadata: { name: string; namespace: string; labels: Record<string, string> };
  spec: { policyRef: { name: string }; type?: RunType; components?: string[]; requestedBy?: string };
};

// `shop-manual-20261122020000`: asked for twice in one second, it is one Backup. A policy's name has at most 32 characters, so it always fits.
export const manualBackupName = (policy: string, now: number): string => `${policy}-manual-${compactTime(now).replaceAll(/\D/g, '')}`;

// Only what the user said, and who that is: the API server fills in the defaults.
export const newBackup = (
  { metadata, spec }: BackupPolicy,
  { name, type, components, requestedBy }: { name?: string; type?: string; components?: string; requestedBy?: string | undefined },
  now: number,
): NewBackup => {
  const kind = readType(type);
  const names = readComponents(
    components,
    spec.components.map((component) => component.name),
  );
  if (kind === 'Log') {
    mustArchive(spec.components, names);
  }
  return {
    apiVersion,
    kind: 'Backup',
    metadata: {
      name: checkName(name ?? manualBackupName(metadata.name, now)),
      namespace: metadata.namespace,
      labels: { [label.policy]: metadata.name },
    },
    spec: {
      policyRef: { name: metadata.name },
      ...(kind === 'Full' ? {} : { type: kind }),
      ...(names === undefined ? {} : { components: names }),
      ...(requestedBy === undefined ? {} : { requestedBy }),
    },
  };
};

const checkName = (name: string): string => {
  if (name.length > longestName || !labelPattern.test(name)) {
    throw wrongUse(
      `"${name}" cannot be the name of a Backup.`,
      `Use at most ${longestName} lower-case letters, digits and "-", with a letter or digit at both ends.`,
    );
  }
  return name;
};

// As it is written in the resource, or in lower-case letters.
const readType = (text: string = 'Full'): RunType => {
  const found = runTypes.find((type) => type.toLowerCase() === text.toLowerCase());
  if (found === undefined) {
    throw wrongUse(`There is no type of backup "${text}".`, `Use ${runTypes.join(', ')}.`);
  }
  return found;
};

// What the operator would refuse a moment later.
const mustArchive = (components: Component[], names: string[] | undefined): void => {
  const archiving = components.filter((component) => archiveMode(component) !== undefined).map(({ name }) => name);
  if (!archiving.some((name) => names?.includes(name) ?? true)) {
    throw wrongUse(
      `${names === undefined ? 'No component of the policy' : `None of ${names.join(', ')}`} archives WAL: there is nothing that a Log could prove.`,
      archiving.length === 0
        ? 'Set postgresql.walArchive in the policy, or take a backup of another type.'
        : `Name one that does: ${archiving.join(', ')}.`,
    );
  }
};

const readComponents = (text: string | undefined, known: string[]): string[] | undefined => {
  if (text === undefined) {
    return undefined;
  }
  const wanted = [...new Set(text.split(',').map((part) => part.trim()))].filter((part) => part !== '');
  const strange = wanted.filter((name) => !known.includes(name));
  if (wanted.length === 0 || strange.length > 0) {
    const what = strange.map((name) => `"${name}"`).join(', ') || '""';
    throw wrongUse(`The policy has no component ${what}.`, `It has ${known.join(', ')}: name one or more of them, separated by commas.`);
  }
  return wanted;
};
