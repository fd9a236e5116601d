// Every condition and every reason: the one place where their meaning and remedy are written. docs/conditions.md and messages are made from it.

import { restoreReasons } from './restore-reasons.ts';

export const conditionTypes = {
  Ready: 'On a policy: configured and armed. On a Backup: complete on the primary tier. On a Restore: back, and verified.',
  Reconciling: 'Work is going on. Present only when True.',
  Stalled: 'It ended, or it waits for a person. Present only when True.',
  Succeeded: 'On a Backup or a Restore: how it ended. Unknown while it runs.',
  RTOMet:
    'On a Restore: it took no longer than spec.objectives.rto of the policy. On a policy: its newest Restore of everything did so; absent until there was one.',
  Replicated: 'On a Backup: every further tier holds it too.',
  RPOMet: 'On a policy: the newest restorable point is young enough for spec.objectives.rpo.',
  OnSchedule: 'On a policy: the newest slot of its schedules got its run in time.',
  SlotLeft: 'On a policy: a replication slot that nobody shall use any more could not be dropped. Present only when True.',
  NotifyFailing: 'On a policy: an alert or a heartbeat could not be delivered. Present only when True.',
  Verified: 'On a policy: stored bytes were read again on every tier lately, and matched what was written (level L1).',
  CapacityOK: 'On a policy: the volumes have room for what comes.',
  ArchivingHealthy:
    'On a policy: the WAL of every component with walArchive.mode Continuous is stored as it is written. Absent where none has it.',
  StorageHealthy: 'On a policy: the tiers could be read, and every manifest in them verified.',
} as const;
export type ConditionType = keyof typeof conditionTypes;

type Reason = { meaning: string; remedy: string };

export const reasons = {
  Armed: { meaning: 'The policy is valid and its schedules run.', remedy: 'Nothing to do.' },
  Suspended: {
    meaning: 'spec.suspend is true: no schedule starts a run.',
    remedy: 'Set spec.suspend to false when backups shall run again.',
  },
  InvalidSchedule: { meaning: 'A cron expression or time zone cannot be read.', remedy: 'Mend the field that the message names.' },
  InvalidObjectives: {
    meaning: 'The objectives contradict each other.',
    remedy: 'Make spec.objectives.warnAt shorter than spec.objectives.rpo.',
  },
  InvalidRecipient: {
    meaning: 'A recipient is no valid age recipient.',
    remedy: 'Copy the recipient again from the output of `kubectl holdfast keygen`.',
  },
  InvalidKey: {
    meaning: 'A verification key cannot be read.',
    remedy: 'Copy the public key again from the output of `kubectl holdfast keygen`.',
  },
  AgentImageMissing: {
    meaning: 'The operator knows no agent image for that major version.',
    remedy: 'Add the image to `agent.images` in the values of the chart.',
  },
  PolicyMissing: { meaning: 'The policy that the Backup names does not exist.', remedy: 'Create the policy, or delete the Backup.' },
  PolicyDeleted: {
    meaning: 'The policy was deleted while the Backup ran.',
    remedy: 'Nothing is lost in the store. Create the policy again to go on.',
  },
  ComponentMissing: {
    meaning: 'The Backup names a component that the policy has not.',
    remedy: 'Name components of the policy, or leave the field out.',
  },
  Queued: { meaning: 'Another Backup of this policy runs first.', remedy: 'Wait. `kubectl holdfast status` shows the one that runs.' },
  Running: { meaning: 'The components are being dumped.', remedy: 'Wait. `kubectl holdfast logs` shows what goes on.' },
  Sealing: { meaning: 'The manifest is being written and read back.', remedy: 'Wait.' },
  Checking: { meaning: 'A Job left no result; the store is being read instead.', remedy: 'Wait.' },
  Complete: { meaning: 'Every component is sealed on the primary tier.', remedy: 'Nothing to do.' },
  NoWalArchive: {
    meaning: 'A Log backup was asked for, and none of its components archives WAL.',
    remedy: 'Set postgresql.walArchive of a component, or take a backup of another type.',
  },
  Archiving: {
    meaning: 'A Log backup waits until the archive of WAL holds what the servers have now.',
    remedy: 'Wait. `kubectl holdfast logs` shows what goes on.',
  },
  Archived: {
    meaning: 'A Log backup: every tier that acknowledges holds the WAL up to where status says.',
    remedy: 'Nothing to do.',
  },
  PartiallyFailed: {
    meaning: 'Some components are sealed, others failed.',
    remedy: 'Mend what the message names; the next slot tries again.',
  },
  Failed: { meaning: 'Nothing usable was stored.', remedy: 'Mend what the message names; the next slot tries again.' },
  SourceFailed: { meaning: 'The thing to back up could not be reached or read.', remedy: 'Look at the server that the message names.' },
  RepositoryFailed: {
    meaning: 'The store could not be reached, refused us, or is not ours.',
    remedy: 'Look at the tier that the message names.',
  },
  VerificationFailed: {
    meaning: 'Something stored is not what it should be.',
    remedy: 'Do not trust this backup. Take another one and look for the cause: disk, store, or somebody with its credentials.',
  },
  ConfigurationFailed: { meaning: 'A Secret, role or field is wrong.', remedy: 'Mend what the message names.' },
  InsufficientSpace: { meaning: 'The store has too little room for the backup.', remedy: 'Make the volume larger.' },
  StartFailed: { meaning: 'A pod could not start.', remedy: 'Mend the image, Secret, volume or node that the message names.' },
  DeadlineExceeded: { meaning: 'It took longer than its deadline.', remedy: 'Find what was slow, or raise spec.jobs.deadlines.' },
  Interrupted: { meaning: 'It was stopped from outside.', remedy: 'Nothing, where it was on purpose. The next slot runs.' },
  InternalError: { meaning: 'A fault in Holdfast itself.', remedy: 'Please report it with the output of `kubectl holdfast logs`.' },
  StoreBeingRead: {
    meaning: 'What it can build on is being read from the store.',
    remedy: 'Wait. Where the store does not answer, the backup is a whole one.',
  },
  NoParent: {
    meaning: 'A component was copied whole: the primary tier holds no restorable backup of it to build on.',
    remedy: 'Nothing, where it is the first backup, or the first after a change. Else look at `kubectl holdfast list --from`.',
  },
  StoreNotRead: {
    meaning: 'A component was copied whole: it was not known what the primary tier holds.',
    remedy: 'StorageHealthy of the policy says why the tier could not be read.',
  },
  ChainFull: {
    meaning: 'A component was copied whole: the chain has as many increments as postgresql.physical.maxChain allows.',
    remedy: 'Nothing to do. A scheduled Full keeps chains short.',
  },
  IncrementsOff: {
    meaning: 'A component was copied whole: postgresql.physical.incremental is Off.',
    remedy: 'Set it to Auto, or take the schedule away.',
  },
  ServerTooOld: {
    meaning: 'A component was copied whole: PostgreSQL before 17 makes no increments.',
    remedy: 'Use schedules.full alone with walArchive, which keeps what changes in between, or move to a later major version.',
  },
  ServerRefused: {
    meaning: 'A component was copied whole: the server refused to make an increment, in the words of the message.',
    remedy: 'None where a standby says so on whose primary little is written; else what the server says.',
  },
  StateIdentityMissing: {
    meaning: 'A component was copied whole: the list of the backup before cannot be opened without the state identity.',
    remedy: 'Put the identity into the Secret of encryption.stateIdentitySecretRef, under the key "identity".',
  },
  ParentUnreadable: {
    meaning: 'A component was copied whole: the backup before cannot be built on.',
    remedy: 'The message says why. `kubectl holdfast list --from` shows whether the store is damaged.',
  },
  ServerChanged: {
    meaning: 'A component was copied whole: the backup before is of another server.',
    remedy: 'Nothing, where the server was replaced or upgraded. Else look at connection.host.',
  },
  TimelineChanged: {
    meaning: 'A component was copied whole: the server was promoted since the backup before.',
    remedy: 'Nothing to do: a new chain begins.',
  },
  HistoryChanged: {
    meaning:
      'A component was copied whole: the server was set back since the backup before, such as to a snapshot of its volume, and that backup is not of its past.',
    remedy: 'Nothing, where that was meant: a new chain begins. Else find out who set it back.',
  },
  ChecksumsChanged: {
    meaning: 'A component was copied whole: data checksums were switched on or off since the backup before.',
    remedy: 'Nothing to do: a new chain begins.',
  },
  SummariesOff: {
    meaning: 'A component was copied whole: the server does not write down what changes (summarize_wal is off).',
    remedy: 'Run on the server: ALTER SYSTEM SET summarize_wal = on; SELECT pg_reload_conf();',
  },
  SummariesMissing: {
    meaning: 'A component was copied whole: the server no longer knows all that changed since the backup before.',
    remedy: 'Raise wal_summary_keep_time on the server where backups come further apart than that.',
  },
  CopyPending: { meaning: 'Copies to further tiers have not ended yet.', remedy: 'Wait.' },
  CopyLagging: { meaning: 'A copy failed and is tried again.', remedy: 'Look at the tier that the message names.' },
  AllSealed: { meaning: 'Every tier holds the backup.', remedy: 'Nothing to do.' },
  NoFurtherTier: { meaning: 'The policy has one tier only.', remedy: 'Add a tier elsewhere: one place is no backup against its loss.' },
  NotMeasured: { meaning: 'The tiers have not been read yet.', remedy: 'Wait for the first run.' },
  AllVerified: { meaning: 'Every manifest that was found verified.', remedy: 'Nothing to do.' },
  ManifestRefused: {
    meaning: 'A manifest in the store did not verify.',
    remedy: 'Find out who wrote it: it is not signed by a known key, or was changed.',
  },
  BackupDamaged: {
    meaning: 'A backup lacks an object, or its stored bytes are not those that were written.',
    remedy:
      'Do not restore it from that tier: use another tier or another backup, take a new one, and find out who or what changed the store.',
  },
  ObjectDamaged: {
    meaning: 'An object of the repository that belongs to no single backup is not what was written.',
    remedy: 'Find out who or what changed the store; the message says what follows and what to do.',
  },
  WriterSuperseded: {
    meaning: 'Another policy or cluster is the writer of the repository: nothing of this policy is written there.',
    remedy:
      'Where that is wanted, delete or suspend this policy. Where two share a prefix by mistake, give this one a prefix of its own. To write again from here: `kubectl holdfast adopt <policy> --take-over`.',
  },
  OnlyReads: {
    meaning:
      'The policy was made by `kubectl holdfast adopt` to read what another one wrote: every manifest verified, and nothing is written there.',
    remedy: 'Restore from it. To go on with the backups from here: `kubectl holdfast adopt <policy> --take-over`.',
  },
  StoreUnreadable: { meaning: 'A tier could not be read.', remedy: 'Look at the tier that the message names.' },
  RestorePointFresh: { meaning: 'The newest restorable point is young enough.', remedy: 'Nothing to do.' },
  RestorePointAging: {
    meaning: 'The newest restorable point is older than spec.objectives.warnAt; the objective still holds.',
    remedy: 'Find out why the last run did not end well, or start one: `kubectl holdfast backup`.',
  },
  RestorePointTooOld: {
    meaning: 'The newest restorable point is older than spec.objectives.rpo: more could be lost than was promised.',
    remedy: 'Mend what stops the runs (`kubectl holdfast status`), then start one: `kubectl holdfast backup`.',
  },
  NothingRestorable: {
    meaning: 'The tiers were read, and no backup in them holds every component.',
    remedy: 'Start a first run: `kubectl holdfast backup`; where runs fail, mend what they name.',
  },
  FactsStale: {
    meaning:
      'No tier was read lately, or the server was set back or promoted since: nobody knows what could be restored of what it has now.',
    remedy:
      'After a restore, its undo or a failover wait for the next reading, a minute or two. Else look at StorageHealthy and at the pods of the inspect Jobs.',
  },
  BytesVerified: { meaning: 'Backups were read whole again on every tier lately, and matched.', remedy: 'Nothing to do.' },
  NotVerifiedYet: {
    meaning: 'A tier holds backups of which none was read whole yet.',
    remedy: 'Wait: each reading of the tier reads a share.',
  },
  VerificationStale: {
    meaning: 'No backup was read whole for two months on a tier.',
    remedy: 'Look at the inspect Jobs of that tier: they may be too short for its size (spec.jobs.deadlines.inspect).',
  },
  DamageFound: {
    meaning: 'Something stored is not what was written.',
    remedy: 'StorageHealthy names it. Do not restore it from that tier; take another backup, and find the cause.',
  },
  SpaceEnough: { meaning: 'The volumes have room.', remedy: 'Nothing to do.' },
  VolumeFilling: { meaning: 'A volume is more than 80 % full.', remedy: 'Plan for a larger claim.' },
  VolumeAlmostFull: { meaning: 'A volume is more than 90 % full.', remedy: 'Make the claim larger before a run fails.' },
  NoVolumeTier: { meaning: 'No tier is a volume.', remedy: 'Nothing to do.' },
  OnTime: { meaning: 'The newest slot got its run in time.', remedy: 'Nothing to do.' },
  SlotsMissed: {
    meaning: 'Slots of the schedule came and got no run in time.',
    remedy:
      'See whether the operator was away or an earlier run took too long. The newest slot is caught up once, where startingDeadline allows.',
  },
  NoSlotYet: { meaning: 'No slot of a schedule has come yet.', remedy: 'Wait for the first one; status.next names it.' },
  NoSchedule: { meaning: 'No schedule starts a run.', remedy: 'Set spec.schedules.full, where runs shall start by themselves.' },
  WalArchived: { meaning: 'WAL is stored as it is written.', remedy: 'Nothing to do.' },
  AcknowledgedOnSite: {
    meaning: 'WAL is stored as it is written, but only volumes of this cluster must have it before the server may remove it.',
    remedy:
      'Where a lost cluster may cost nothing, name a tier outside of it in walArchive.acknowledge. The server then keeps WAL for as long as that tier is away.',
  },
  TierBehind: {
    meaning: 'WAL is stored as it is written, but a further tier does not follow.',
    remedy: 'Look at the tier that the message names. It catches up by itself; until then a restore from it brings back less.',
  },
  ReceiverStarting: { meaning: 'The receiver of WAL is being started, and has said nothing yet.', remedy: 'Wait a minute.' },
  ReceiverStopped: {
    meaning: 'Somebody scaled the Deployment of the receiver to 0: no WAL is stored, and the server keeps all of it.',
    remedy: 'Scale it to 1, as the message says. To end the archive set walArchive.mode to Off: that drops the slot, too.',
  },
  ReceiverCannotStart: {
    meaning: 'The pod of the receiver cannot start: no WAL is stored, and the server keeps all of it.',
    remedy: 'Mend the image, Secret, volume or node that the message names.',
  },
  ReceiverSilent: {
    meaning: 'The receiver runs, but has printed nothing for 45 seconds: it hangs, or nobody hears it.',
    remedy: 'Wait three minutes: another one takes its place. Where that does not help, look at its node.',
  },
  ReceiverFailed: {
    meaning: 'The receiver ended and is started again.',
    remedy: 'Mend what the message names; `kubectl logs` of its Deployment says more.',
  },
  WalBehind: {
    meaning: 'The receiver runs, but what it has stored does not get any newer.',
    remedy:
      'Look at the log of its Deployment. Where the server writes more than the store takes, give it more: walArchive, jobs.resources, the store.',
  },
  SlotUnsafe: {
    meaning: 'The receiver refuses to begin: its slot could fill the volume of the server.',
    remedy: 'Set walArchive.maxRetained, or max_slot_wal_keep_size on the server.',
  },
  SlotInUse: {
    meaning: 'Something else has held the replication slot of the receiver for long.',
    remedy:
      'Find who streams from it (pg_stat_replication). Two receivers of one slot are a mistake: give one of them another walArchive.slotName.',
  },
  SlotLost: {
    meaning: 'The replication slot has lost its WAL, or the server has removed it.',
    remedy: 'The receiver makes the slot anew, the archive has a gap, and a new Full leads on behind it. See why it fell behind.',
  },
  SynchronousStandby: {
    meaning: 'The server would wait for the receiver at every commit, which is not wanted.',
    remedy: 'Name the standbys in synchronous_standby_names one by one, or set walArchive.synchronous.',
  },
  ForeignDatabase: {
    meaning: 'The server at this address is another database than the one that is archived. Nothing of it is stored.',
    remedy: 'Correct connection.host, or give the new database a component of another name.',
  },
  SourceRefused: {
    meaning: 'The server refuses the login of the receiver, or lets it not replicate.',
    remedy: 'Mend the Secret of connection.credentialsSecretRef, the role or pg_hba.conf (docs/postgresql.md).',
  },
  SourceMisconfigured: {
    meaning: 'The server is not set up for this: its version, or a setting such as wal_level.',
    remedy: 'Change what the message names.',
  },
  SourceUnreachable: {
    meaning: 'The server cannot be reached. What it writes is not lost as long as it keeps it.',
    remedy: 'Look whether it runs, and at connection.host and port. The receiver goes on by itself.',
  },
  ArchiveStoreFailed: {
    meaning: 'The tier that must have WAL does not take it; the server keeps it meanwhile.',
    remedy: 'Look at the store that the message names before the volume of the server fills up.',
  },
  SlotNotDropped: {
    meaning: 'A replication slot that nobody shall use any more may still be on a server, which keeps WAL for it.',
    remedy: 'Bring the server back, or run the SQL of the message there. It is tried again, every hour at last.',
  },
  DeliveryFailed: {
    meaning: 'A mail or a heartbeat could not be delivered.',
    remedy: 'Look at the server that the message names, and at `notify` in the values of the chart. It is tried again.',
  },
  RouteMissing: {
    meaning: 'spec.notify.route names a route that the operator does not have.',
    remedy: 'Add the route to `notify.routes` in the values of the chart, or name one that is there.',
  },
  ...restoreReasons,
} as const satisfies Record<string, Reason>;
export type ConditionReason = keyof typeof reasons;
