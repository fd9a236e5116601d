// What the status of a Restore says.
import { z } from 'zod';
import { count, labelName, mapList, objectName, setList, time } from './common.ts';
import { runAsSchema, workloadKinds } from './restore.ts';
import { conditions, observedGeneration, phaseSecondsSchema } from './run-status.ts';

export const restorePhases = [
  'Pending',
  'Planning',
  'AwaitingApproval',
  'Running',
  'Verifying',
  'RollingBack',
  'Complete',
  'Failed',
] as const;
export type RestorePhase = (typeof restorePhases)[number];

// What is being done. After a failure: UndoQuiescing (where the workloads run again already), Undoing, UndoResuming.
export const restoreStages = [
  'Planning',
  'Approving',
  'Quiescing',
  'Restoring',
  'Resuming',
  'Checking',
  'UndoQuiescing',
  'Undoing',
  'UndoResuming',
] as const;
export type RestoreStage = (typeof restoreStages)[number];

const lsn = () => z.string().max(17);

const plannedComponent = z.object({
  name: labelName(20).describe('Name of the component.'),
  hash: z.string().max(16).describe('Names this part of the plan.'),
  target: z.string().max(300).describe('Where it goes, in words.'),
  overwrites: z.string().max(300).optional().describe('What is there now and is replaced. Absent: nothing.'),
  backupId: z.string().max(64).describe('The newest backup that is read.'),
  chain: z.array(z.string().max(64)).max(101).optional().describe('All of them, oldest first, where there are several.'),
  reachesTime: time().optional().describe('Every commit answered before this instant is in it.'),
  reachesLsn: lsn().optional().describe('Where in the WAL it ends.'),
  timeline: z.int().min(1).optional().describe('Timeline of that place.'),
  fetchBytes: count().describe('Stored bytes that are read.'),
  spaceBytes: count().optional().describe('Room that it takes. Absent: not known before it is read.'),
  estimateSeconds: count().optional().describe('How long reading takes at the speed that was measured. Absent: it was not measured.'),
  lost: z.string().max(500).describe('What will not be there.'),
  notes: z.array(z.string().max(500)).max(8).optional().describe('What is worth knowing.'),
});
export type PlannedComponent = z.output<typeof plannedComponent>;

const componentStatus = z.object({
  name: labelName(20).describe('Name of the component.'),
  outcome: z
    .enum(['Pending', 'Planned', 'Running', 'Restored', 'Verified', 'Undone', 'Failed'])
    .describe('How far it is, or how it ended.'),
  attempt: count().optional().describe('Number of the newest attempt of the Job at work, from 1.'),
  nextAttemptTime: time().optional().describe('When the next attempt may start.'),
  claimName: objectName().optional().describe('The claim that it is restored into.'),
  path: z.string().max(200).optional().describe('The data directory within the claim.'),
  kind: z.enum(['volume', 'inPlace', 'server']).optional().describe('What kind of target it is.'),
  runAs: runAsSchema.optional(),
  begun: z.boolean().optional().describe('Whether the Job that writes was ever made.'),
  replaced: z.boolean().optional().describe('Whether the new data stands in the place of the old.'),
  kept: z.boolean().optional().describe('Whether the old data is kept, beside the new or in the store.'),
  copy: z
    .object({
      tier: labelName(20).describe('The tier, in `safety/<uid of the Restore>/<component>/`.'),
      bytes: count().describe('Bytes that are stored of it so far.'),
    })
    .optional()
    .describe('The copy of the old data in the store. Absent: there is none, and none is being made.'),
  away: z
    .boolean()
    .optional()
    .describe('True: no data directory may be in its place now, and the old one is in the store. Nothing is started then.'),
  reachedLsn: lsn().optional().describe('Where redo ended.'),
  timeline: z.int().min(1).optional().describe('The timeline that the server goes on with.'),
  systemId: z.string().max(20).optional().describe('System identifier of the restored server.'),
  category: z.string().max(40).optional().describe('Kind of the failure.'),
  code: z.string().max(64).optional().describe('Why it failed or was refused, in one word for tools.'),
  message: z.string().max(1024).optional().describe('What holds it up or went wrong, with the next step; or what is worth knowing.'),
});
export type RestoredComponent = z.output<typeof componentStatus>;

const quiescedWorkload = z.object({
  kind: z.enum(workloadKinds).describe('What kind of workload it is.'),
  name: objectName().describe('Its name.'),
  uid: z.string().max(64).describe('Its uid: another one of that name is not touched.'),
  replicas: count().describe('How many replicas it had, and gets back.'),
});
export type QuiescedWorkload = z.output<typeof quiescedWorkload>;

export const restoreStatusSchema = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(),
  phase: z.enum(restorePhases).optional().describe('For people; tools use the conditions.'),
  stage: z.enum(restoreStages).optional().describe('What is being done.'),
  stageTime: time().optional().describe('Since when.'),
  startTime: time().optional().describe('When its first Job was made.'),
  endTime: time().optional().describe('When it was verified, or given up.'),
  plan: z
    .object({
      hash: z.string().max(16).describe('Names the plan: what is read, up to where, and what it replaces.'),
      time: time().describe('When it was made.'),
      fetchBytes: count().describe('Stored bytes that are read.'),
      estimateSeconds: count().optional().describe('How long reading takes at the speed that was measured.'),
      components: mapList(z.array(plannedComponent).max(32), ['name']).describe('What is done about each component.'),
      stops: z.array(z.string().max(300)).max(32).optional().describe('Workloads that are stopped for it. Absent: none.'),
      notes: z.array(z.string().max(500)).max(8).optional().describe('What is worth knowing about them.'),
    })
    .optional()
    .describe('What is done, before anything is done.'),
  components: mapList(z.array(componentStatus).max(32), ['name']).optional().describe('How each component fares.'),
  quiesce: z
    .object({
      workloads: mapList(z.array(quiescedWorkload).max(32), ['kind', 'name']).describe('What is scaled to 0, and what it gets back.'),
      scaledTime: time().optional().describe('When all of their pods were gone.'),
      resumedTime: time().optional().describe('When they were given back their replicas.'),
    })
    .optional()
    .describe('Workloads that were stopped for it.'),
  phases: z.array(phaseSecondsSchema).max(64).optional().describe('How long each step took. Their sum is rto.measuredSeconds.'),
  rto: z
    .object({
      objectiveSeconds: count().describe('objectives.rto of the policy.'),
      measuredSeconds: z.number().min(0).optional().describe('How long it took to have it back, waiting for an approval aside.'),
    })
    .optional()
    .describe('How long coming back took.'),
  progress: z
    .object({
      component: labelName(20).optional().describe('The component it is about.'),
      phase: z.string().max(40).describe('What is being done.'),
      bytes: count().describe('Bytes that were read in this step.'),
      time: time().describe('When the agent said so.'),
    })
    .optional()
    .describe('What the newest progress line of an agent said.'),
  failure: z
    .object({
      reason: z.string().max(64).describe('Why, in one word for tools.'),
      message: z.string().max(1024).describe('Why, for people.'),
    })
    .optional()
    .describe('Why it failed, while the old state is brought back.'),
  undo: z
    .object({
      state: z
        .enum(['Available', 'Undone', 'Expired'])
        .describe('Available: `kubectl holdfast undo restore/<name>` brings the old state back.'),
      method: z
        .enum(['Renamed', 'Stored'])
        .describe(
          'Renamed: the old data directory lies beside the new one. Stored: where copies says so, the volume had no room for both, and it is in the store.',
        ),
      components: setList(z.array(labelName(20)).max(32)).describe('Which components.'),
      copies: mapList(
        z
          .array(
            z.object({
              component: labelName(20).describe('Name of the component.'),
              tier: labelName(20).describe('Name of the tier.'),
              place: z.string().max(200).describe('The folder in that tier.'),
              bytes: count().describe('Stored bytes.'),
            }),
          )
          .max(32),
        ['component'],
      )
        .optional()
        .describe('What is kept in the store. Bringing it back needs an identity that opens it.'),
      message: z.string().max(1024).optional().describe('What is in the way of removing what was kept.'),
      until: time().optional().describe('It is kept until then.'),
      by: objectName().optional().describe('The Restore that has undone it.'),
    })
    .optional()
    .describe('The way back.'),
  audit: z
    .object({
      state: z
        .enum(['Writing', 'Written', 'NotWritten', 'Failed'])
        .describe('NotWritten: the repository is only read from here, or there is none. Failed: it was tried, and given up.'),
      attempt: count().optional().describe('Number of the newest attempt, from 1.'),
      key: z.string().max(200).optional().describe('Where it lies in the primary tier.'),
      message: z.string().max(1024).optional().describe('Why it was not written, with the next step.'),
    })
    .optional()
    .describe('The signed record of this Restore in the store (docs/store-layout.md).'),
  duration: z.string().max(20).optional().describe('From startTime to endTime for people, such as `2m 10s`.'),
});

export type RestoreStatus = z.output<typeof restoreStatusSchema>;
