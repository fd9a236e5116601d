// The API group of the custom resources, and the names that Holdfast puts on objects it makes.
export const group = 'holdfast.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;

export const label = {
  managedBy: 'app.kubernetes.io/managed-by',
  policy: `${group}/policy`,
  backup: `${group}/backup`,
  // Name of the backup in the store: a copy goes on when the Backup resource is gone.
  backupId: `${group}/backup-id`,
  // Name of a Restore, on its Jobs and on the claims that were made for it.
  restore: `${group}/restore`,
  component: `${group}/component`,
  tier: `${group}/tier`,
  verb: `${group}/verb`,
  attempt: `${group}/attempt`,
  // On pods that mount a volume of a policy whose WAL is received: they run on one node.
  oneNode: `${group}/one-node`,
} as const;

export const annotation = {
  // On a Backup: when somebody asked for its stored log. The operator starts an `inspect` Job that prints it.
  logsRequested: `${group}/logs-requested`,
  // On a BackupPolicy: when somebody asked to take over the repository of its tiers from whoever writes it. Each new value is one asking.
  takeOver: `${group}/take-over`,
  // On a BackupPolicy that adopted a store: whose backups it reads there, as `<namespace>/<name>`, until it is the writer itself.
  reads: `${group}/reads`,
  // On a Backup made by a schedule: the slot it stands for, RFC 3339.
  slot: `${group}/slot`,
  // On a Backup made by a schedule: its slot was missed, and it makes up for that.
  late: `${group}/late`,
  // On a Backup that the operator made although no schedule asked for it: why.
  because: `${group}/because`,
  // On a Job: the attempt's parent, `<kind>/<name>/<uid>`.
  owner: `${group}/run-owner`,
  // On a pod that restores: the `/etc/passwd` of its containers.
  passwd: `${group}/passwd`,
  // On the Deployment of a receiver: tells whether it was made from what the policy says now.
  madeFrom: `${group}/made-from`,
} as const;

// Keeps a Backup until its Jobs are gone. It never waits for the store.
export const finalizer = `${group}/jobs`;

// Keeps a BackupPolicy until the replication slots of its receivers are dropped. It waits for ten minutes at most.
export const slotFinalizer = `${group}/replication-slots`;

export const managedByValue = 'holdfast';
