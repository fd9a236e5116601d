// Reasons that only a Restore has. src/api/conditions.ts joins them with all others.

export const restoreReasons = {
  Planning: { meaning: 'What will be read and replaced is being worked out, and the source is checked.', remedy: 'Wait.' },
  ApprovalRequired: {
    meaning: 'The plan is made and nothing else is done until somebody has read and approved it.',
    remedy: 'Read `kubectl holdfast plan restore/<name>`, then `kubectl holdfast approve restore/<name>`.',
  },
  PlanChanged: {
    meaning: 'What would be done now is not what the plan says that was approved. Nothing was changed.',
    remedy: 'Create another Restore and read its plan.',
  },
  Quiescing: { meaning: 'The workloads that use the data are being scaled to 0.', remedy: 'Wait.' },
  Restoring: {
    meaning: 'Data is being read, unpacked, replayed and checked.',
    remedy: 'Wait. `kubectl holdfast status` shows how far it is.',
  },
  Resuming: { meaning: 'The workloads are given back their replicas.', remedy: 'Wait.' },
  CheckingRestored: { meaning: 'The restored server is asked whether it holds what the plan says.', remedy: 'Wait.' },
  RollingBack: { meaning: 'The restore failed; what was there before is being brought back.', remedy: 'Wait.' },
  Restored: { meaning: 'Everything is back, and was verified.', remedy: 'Nothing to do.' },
  Undone: { meaning: 'What was there before the restore is back.', remedy: 'Nothing to do.' },
  WithinObjective: { meaning: 'It took no longer than the objective.', remedy: 'Nothing to do.' },
  RTOExceeded: {
    meaning: 'It took longer than spec.objectives.rto of the policy.',
    remedy: 'See status.phases for what took so long, or raise the objective.',
  },
  RestoreCancelled: { meaning: 'The Restore was deleted while it ran. The old state is brought back.', remedy: 'Nothing to do.' },
  ConfirmationMismatch: {
    meaning: 'spec.confirmation does not name the policy whose data would be replaced. Nothing was done.',
    remedy: 'Create another Restore with confirmation: <namespace>/<policy>.',
  },
  ManagedByController: {
    meaning:
      'A workload that has to stop belongs to something that would start it again, or its volume would be deleted with it. Nothing was done.',
    remedy: 'Pause what the message names, or stop the workload by its own means and create another Restore.',
  },
  ConnectionsActive: {
    meaning: 'Something that this restore does not stop still uses the data. Nothing was overwritten.',
    remedy: 'Stop what the message names, or add its workload to spec.quiesce.workloads of another Restore.',
  },
  WorkloadMissing: {
    meaning: 'A workload that shall be stopped is not there, or does not say where its data directory lies.',
    remedy: 'Mend spec.quiesce.workloads, or write target.inPlace.path and runAs, in another Restore.',
  },
  ClaimMissing: {
    meaning: 'The claim to restore into is not there.',
    remedy: 'Name an existing claim in target.inPlace.claimName, or restore into a new one (target.volume).',
  },
  ClaimExists: {
    meaning: 'The claim to make is there already. It is not touched.',
    remedy: 'Give target.volume.claimName another name in another Restore.',
  },
  NothingToUndo: {
    meaning: 'The Restore that shall be undone has put nothing aside, or it was undone already.',
    remedy: 'Look at status.undo of that Restore.',
  },
  SafetyBackupImpossible: {
    meaning:
      'The volume has no room for the old data beside the new, and it could not be copied into the store either, so nothing could be undone. Nothing was overwritten.',
    remedy:
      'Mend what the message says of the store, make the claim larger, restore into a new one (target.volume), or accept the loss with safetyBackup: BestEffort.',
  },
  RestoreVerificationFailed: {
    meaning: 'What was restored is not what it should be. The old state was brought back.',
    remedy: 'Restore another backup, or from another tier.',
  },
  RollbackFailed: {
    meaning: 'The old state could not be brought back by itself. The message names the folder that keeps it, or why nothing is kept of it.',
    remedy: 'Follow docs/emergency.md, "When a restore could not be rolled back".',
  },
  AuditFailed: {
    meaning: 'No record of the Restore could be left in the store. How it ended does not change by that.',
    remedy: 'Mend the primary tier, as the message says, and keep the Restore itself as the record (`kubectl get restore <name> -o yaml`).',
  },
  RestoreFailed: { meaning: 'PostgreSQL or one of its tools failed while restoring.', remedy: 'See the words of the message.' },
  TargetNotEmpty: { meaning: 'Where it would go there is something already. It was not touched.', remedy: 'Name another target.' },
  PointOutsideWindow: {
    meaning: 'The point in time cannot be reached. Nothing was changed.',
    remedy: 'Choose a point within the windows that the message names.',
  },
  WALGap: { meaning: 'WAL that leads to the point is missing. Nothing was changed.', remedy: 'Choose another point or another tier.' },
  ChainBroken: {
    meaning: 'A backup that the chosen one builds on is not whole. Nothing was changed.',
    remedy: 'Choose another backup or another tier.',
  },
  KeyUnavailable: {
    meaning: 'The identity does not open the backup. Nothing was changed.',
    remedy: 'Put the right identity into the Secret of source.identitySecretRef.',
  },
  VersionMismatch: {
    meaning: 'The server is not of the major version of the backup. Nothing was changed.',
    remedy: 'Mend postgresql.image or postgresql.version of the policy, or restore the dumps.',
  },
  SourceVerificationFailed: {
    meaning: 'What is stored is not what was written. Nothing was stopped, and nothing overwritten.',
    remedy: 'Choose another backup or another tier, and find out what happened to this one.',
  },
  BackupNotFound: { meaning: 'The tier has no such backup. Nothing was changed.', remedy: 'See `kubectl holdfast list`.' },
  ComponentNotFound: { meaning: 'The backup does not hold the component. Nothing was changed.', remedy: 'Choose another backup.' },
  DatabaseNotFound: {
    meaning: 'The backup does not hold the database, schema or table. Nothing was changed.',
    remedy: 'Correct its name.',
  },
} as const;
