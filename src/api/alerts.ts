// Every alert: the one place where its severity, meaning and remedy are written. docs/alerts.md and the mails are made from it.

export const severities = ['critical', 'warning'] as const;
export type Severity = (typeof severities)[number];

type Alert = {
  severity: Severity;
  // What is wrong, for the subject of a mail.
  title: string;
  // What to do: the first line of a mail.
  action: string;
  // When it opens, and when it is resolved.
  meaning: string;
};

export const alerts = {
  HoldfastRPOViolated: {
    severity: 'critical',
    title: 'more could be lost than was promised',
    action: 'Mend what stops the backups, then start one at once.',
    meaning:
      'The newest restorable point is older than `spec.objectives.rpo`, or there is none and the policy is older than that (condition `RPOMet` is False). Resolved when a backup brings it back below.',
  },
  HoldfastRPOApproaching: {
    severity: 'warning',
    title: 'the newest restorable point is getting old',
    action: 'Find out why no newer backup is there, before the objective is missed.',
    meaning:
      'The newest restorable point is older than `spec.objectives.warnAt` (condition `RPOMet` has the reason `RestorePointAging`). Gives way to HoldfastRPOViolated.',
  },
  HoldfastRPOUnknown: {
    severity: 'warning',
    title: 'nobody knows what could be lost',
    action: 'Find out why the store is not being read.',
    meaning: 'For an hour nobody could say what a restore would bring back (condition `RPOMet` is Unknown).',
  },
  HoldfastBackupNeverSucceeded: {
    severity: 'critical',
    title: 'there is no backup at all',
    action: 'Start a first backup and mend what it names.',
    meaning:
      'The store was read and holds no backup, no run has ever ended well, and the policy is older than its objective. Resolved by the first backup.',
  },
  HoldfastBackupFailed: {
    severity: 'warning',
    title: 'the last backup failed',
    action: 'Mend what the message names; the next slot tries again.',
    meaning: 'The newest run of the schedule failed, as a whole or in part. Resolved by the next backup of everything that ends Complete.',
  },
  HoldfastBackupRepeatedlyFailing: {
    severity: 'critical',
    title: 'one backup after the other fails',
    action: 'Mend what the message names now: trying again did not help.',
    meaning: 'Three or more runs of the schedule in a row failed. Takes the place of HoldfastBackupFailed.',
  },
  HoldfastLogBackupFailed: {
    severity: 'warning',
    title: 'the archive of WAL is not proven to be up to date',
    action: 'Mend what the message names: what was committed since the last Log may be on the server only.',
    meaning:
      'The newest Log run of the schedule failed, as a whole or in part. Resolved by the next Log that ends Complete; a Full does not resolve it.',
  },
  HoldfastBackupMissed: {
    severity: 'warning',
    title: 'a slot of the schedule got no run in time',
    action: 'See whether the operator was away, or an earlier run takes too long.',
    meaning: 'The condition `OnSchedule` is False. Resolved by the next slot that gets its run in time.',
  },
  HoldfastStorageUnreadable: {
    severity: 'warning',
    title: 'a tier cannot be read',
    action: 'Look at the store that the message names: is it there, and are its credentials right?',
    meaning: 'For 15 minutes a tier could not be read, or for an hour it was not read at all (condition `StorageHealthy`).',
  },
  HoldfastVerificationFailed: {
    severity: 'critical',
    title: 'a backup in the store does not verify',
    action: 'Do not trust the backup that the message names. Find out who changed it: disk, store, or somebody with its credentials.',
    meaning:
      'The signed manifest of a backup, or what it names, did not verify when the store was read (`StorageHealthy` has the reason `ManifestRefused`, or `Verified` is False).',
  },
  HoldfastVerificationStale: {
    severity: 'warning',
    title: 'the stored bytes have not been read again for long',
    action: 'Look at the inspect Jobs of the tier that the message names.',
    meaning: 'No backup on a tier was read whole for two months (`Verified` has the reason `VerificationStale`).',
  },
  HoldfastCapacityCritical: {
    severity: 'critical',
    title: 'a volume is almost full',
    action: 'Make the claim of the tier larger before a run fails; nothing is deleted by itself.',
    meaning: 'A volume is more than 90 % full (`CapacityOK` is False).',
  },
  HoldfastCapacityWarning: {
    severity: 'warning',
    title: 'a volume is filling up',
    action: 'Plan for a larger claim of the tier.',
    meaning: 'A volume is more than 80 % full (`CapacityOK` has the reason `VolumeFilling`). Gives way to HoldfastCapacityCritical.',
  },
  HoldfastTierLagging: {
    severity: 'warning',
    title: 'a further tier lacks the newest backups',
    action: 'Mend what keeps the copies from the tier that the message names.',
    meaning:
      'A backup has waited for its copy for longer than half of `spec.objectives.rpo`. Until it is copied, only the tiers before hold it.',
  },
  HoldfastArchivingFailed: {
    severity: 'critical',
    title: 'WAL is not archived',
    action: 'Mend what the message names: what is committed meanwhile lies on the server alone, and its WAL volume fills up.',
    meaning:
      'For five minutes the WAL of a component was not archived (condition `ArchivingHealthy` is False), or for 15 minutes its receiver had not begun. Resolved when it archives again; nothing is lost where the server kept the WAL.',
  },
  HoldfastWalTierBehind: {
    severity: 'warning',
    title: 'a further tier does not follow the WAL',
    action: 'Mend the tier that the message names: what it lacks is lost with the tier that is written first.',
    meaning:
      'For 15 minutes a tier has not followed the WAL that the first one gets (`ArchivingHealthy` has the reason `TierBehind`). It catches up by itself.',
  },
  HoldfastSlotNotDropped: {
    severity: 'warning',
    title: 'a replication slot that nobody uses is left on a server',
    action: 'Drop the slot that the message names, or bring its server back: until then the server keeps WAL for it.',
    meaning:
      'For 15 minutes a replication slot could not be dropped although archiving is off, suspended, or goes by another slot (condition `SlotLeft`). Resolved when the server has said that it is gone.',
  },
  HoldfastRestoreFailed: {
    severity: 'critical',
    title: 'a restore failed',
    action: 'Read what the message says, and begin another Restore: from another backup, another tier, or to another point.',
    meaning:
      'The newest Restore of the policy that had begun failed; what was there before was brought back, or the message says where it is. One that is refused before it begins changes nothing and opens nothing. Resolved by a Restore that ends Complete, or when the failed one is deleted.',
  },
  HoldfastRestoreWaiting: {
    severity: 'warning',
    title: 'a restore waits for a person',
    action: 'Read its plan and approve it, or make what it lacks: `kubectl holdfast plan restore/<name>`.',
    meaning:
      'For ten minutes a Restore has waited for an approval (`spec.requireApproval`) or for something that only a person can do (its condition `Stalled` is True). Resolved when it goes on, ends, or is deleted.',
  },
  HoldfastPolicyStalled: {
    severity: 'critical',
    title: 'the policy cannot work as it is written',
    action: 'Mend the field that the message names: until then no backup runs.',
    meaning: 'The condition `Stalled` is True.',
  },
} as const satisfies Record<string, Alert>;

export type AlertName = keyof typeof alerts;
export const alertNames = Object.keys(alerts) as [AlertName, ...AlertName[]];
