// The phases of a Restore in place, and what holds a run in each of them: a request at the store, the agent stopped, or the operator.
import type { RestoreStage } from '../../../src/api/restore-status.ts';
import type { Volume } from './volume.ts';

export type RestorePhaseName = 'plan' | 'quiesce' | 'fetch' | 'replay' | 'exchange' | 'exchanged' | 'resume' | 'check' | 'undo';

// Whose Job is at work then.
type Work = 'plan' | 'restore' | 'check' | 'undo';

export type RestorePhase = {
  name: RestorePhaseName;
  // For people.
  title: string;
  // Undefined: no agent runs then.
  work?: Work;
  held:
    | { by: 'store'; stage: RestoreStage; key: RegExp }
    // The operator's process stands still as soon as the stage is written down.
    | { by: 'operator'; stage: RestoreStage }
    // The agent's process stands still at that moment.
    | { by: 'agent'; isMoment: (volume: Volume) => boolean };
  // The restored server cannot be asked, so that it fails by itself.
  fails?: true;
};

const base = /^data\/.*\/base\.tar/;
const wal = /^wal\/[^/]+\/[^/]+\/(pieces\/|[0-9A-F]{24}-)/;

export const restorePhases: RestorePhase[] = [
  { name: 'plan', title: 'the source is being checked', work: 'plan', held: { by: 'store', stage: 'Planning', key: base } },
  { name: 'quiesce', title: 'the workloads are about to be scaled to 0', held: { by: 'operator', stage: 'Quiescing' } },
  { name: 'fetch', title: 'the backup is being read', work: 'restore', held: { by: 'store', stage: 'Restoring', key: base } },
  { name: 'replay', title: 'WAL is being read', work: 'restore', held: { by: 'store', stage: 'Restoring', key: wal } },
  {
    name: 'exchange',
    title: 'the new directory is complete, and about to take the place of the old one',
    work: 'restore',
    held: { by: 'agent', isMoment: (volume) => volume.isBuilt() },
  },
  {
    name: 'exchanged',
    title: 'the new directory has just taken the place of the old one',
    work: 'restore',
    held: { by: 'agent', isMoment: (volume) => volume.isReplaced() },
  },
  { name: 'resume', title: 'the workloads are about to get their replicas back', held: { by: 'operator', stage: 'Resuming' } },
  { name: 'check', title: 'the server is about to be asked', work: 'check', held: { by: 'agent', isMoment: () => true } },
  {
    name: 'undo',
    title: 'the restore has failed, and the old directory is being brought back',
    work: 'undo',
    held: { by: 'agent', isMoment: (volume) => volume.isTakenAway() },
    fails: true,
  },
];
