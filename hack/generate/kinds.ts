// The custom resources: names, columns of `kubectl get`, and their schemas.
import type { z } from 'zod';
import { backupSpecSchema, backupStatusSchema } from '../../src/api/backup.ts';
import type { CelRule } from '../../src/api/common.ts';
import { restoreRules, restoreSpecSchema } from '../../src/api/restore.ts';
import { restoreStatusSchema } from '../../src/api/restore-status.ts';
import { policyRules, policySpecSchema, policyStatusSchema } from '../../src/api/policy.ts';

// `priority: 1` shows the column only with `-o wide`.
export type Column = { name: string; type: 'string' | 'date' | 'boolean' | 'integer'; jsonPath: string; description: string; priority?: 1 };

export type Kind = {
  kind: string;
  plural: string;
  singular: string;
  shortName: string;
  description: string;
  spec: z.ZodType;
  status: z.ZodType;
  rules: CelRule[];
  columns: Column[];
};

const condition = (type: string, field: 'status' | 'reason' | 'message') => `.status.conditions[?(@.type=="${type}")].${field}`;
const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'When the resource was made.' };

export const kinds: Kind[] = [
  {
    kind: 'BackupPolicy',
    plural: 'backuppolicies',
    singular: 'backuppolicy',
    shortName: 'hbp',
    description: 'What belongs to an application, when it is backed up, who can open the backups, and where they are kept.',
    spec: policySpecSchema,
    status: policyStatusSchema,
    rules: policyRules,
    columns: [
      { name: 'Ready', type: 'string', jsonPath: condition('Ready', 'status'), description: 'Configured and armed.' },
      { name: 'Suspended', type: 'boolean', jsonPath: '.spec.suspend', description: 'No schedule starts a run.' },
      { name: 'RPO Met', type: 'string', jsonPath: condition('RPOMet', 'status'), description: 'The objective holds right now.' },
      {
        name: 'Last Backup',
        type: 'date',
        jsonPath: '.status.tiers[0].latestBackupTime',
        description: 'Age of the newest backup that verified on the primary tier.',
      },
      {
        name: 'Restorable To',
        type: 'string',
        jsonPath: '.status.rpo.restorableTime',
        description: 'What a restore would bring back now.',
      },
      { name: 'Next', type: 'string', jsonPath: '.status.next[0].time', description: 'When the next run starts.' },
      {
        name: 'Reason',
        type: 'string',
        jsonPath: condition('Ready', 'reason'),
        description: 'Reason of the condition Ready.',
        priority: 1,
      },
      {
        name: 'Storage',
        type: 'string',
        jsonPath: condition('StorageHealthy', 'reason'),
        description: 'What the last reading of the tiers found.',
        priority: 1,
      },
      age,
    ],
  },
  {
    kind: 'Backup',
    plural: 'backups',
    singular: 'backup',
    shortName: 'hb',
    description: 'One run of a BackupPolicy. Deleting it stops the run; what is in the store stays there.',
    spec: backupSpecSchema,
    status: backupStatusSchema,
    rules: [],
    columns: [
      { name: 'Policy', type: 'string', jsonPath: '.spec.policyRef.name', description: 'The BackupPolicy.' },
      { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'What kind of backup it is.' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'How far it is.' },
      { name: 'Size', type: 'string', jsonPath: '.status.size', description: 'Bytes stored on the primary tier.' },
      { name: 'Duration', type: 'string', jsonPath: '.status.duration', description: 'How long it took.' },
      { name: 'Restorable To', type: 'string', jsonPath: '.status.restorableTo', description: 'What a restore of it brings back.' },
      { name: 'Id', type: 'string', jsonPath: '.status.backupId', description: 'Its name in the store.', priority: 1 },
      { name: 'Reason', type: 'string', jsonPath: condition('Succeeded', 'reason'), description: 'How it ended.', priority: 1 },
      {
        name: 'Copies',
        type: 'string',
        jsonPath: condition('Replicated', 'reason'),
        description: 'Whether every further tier holds it too.',
        priority: 1,
      },
      age,
    ],
  },
  {
    kind: 'Restore',
    plural: 'restores',
    singular: 'restore',
    shortName: 'hr',
    description:
      'Brings back what a BackupPolicy has stored: into a new claim, in place, or into a running server. Deleting one that runs brings the old state back.',
    spec: restoreSpecSchema,
    status: restoreStatusSchema,
    rules: restoreRules,
    columns: [
      { name: 'Policy', type: 'string', jsonPath: '.spec.source.policyRef.name', description: 'The BackupPolicy.' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'How far it is.' },
      { name: 'Duration', type: 'string', jsonPath: '.status.duration', description: 'How long it took.' },
      { name: 'Undo', type: 'string', jsonPath: '.status.undo.state', description: 'Whether the old state can be brought back.' },
      { name: 'Plan', type: 'string', jsonPath: '.status.plan.hash', description: 'The hash of its plan, for an approval.', priority: 1 },
      { name: 'Reason', type: 'string', jsonPath: condition('Succeeded', 'reason'), description: 'How it ended.', priority: 1 },
      age,
    ],
  },
];
