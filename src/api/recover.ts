// How the operator and an agent talk about restores: the plans of the verb `recover`, and what comes back.
import type { PlanBase, ResultBase, TierPlan, WalSource } from './agent.ts';
import type { PlannedComponent } from './restore-status.ts';

export const recoverPaths = {
  // The volume that is restored into, in the agent's container and in the server's.
  target: '/holdfast/target',
  // Where the agent and the server beside it meet.
  run: '/holdfast/run',
  identity: '/holdfast/secrets/identity/identity',
  // The server that dumps go into, or that is asked after a restore: files `username` and `password`.
  serverCredentials: '/holdfast/secrets/server',
  serverCa: '/holdfast/secrets/server-ca/ca.crt',
} as const;

// As of when, in JSON. `base`: the backup to start from.
export type PointPlan =
  | { kind: 'latest' }
  | { kind: 'backup'; id: string }
  | { kind: 'time' | 'lsn' | 'name'; text: string; exclusive: boolean; timeline?: number; base?: string };

type RecoverBase = PlanBase & {
  verb: 'recover';
  // The Restore that it works for: namespace/name are its policy's.
  restore: { name: string; uid: string };
  component: string;
  attempt: number;
  deadlineSeconds: number;
};

// What an earlier plan has settled, word for word as status.plan.components says it: `backupId`, `timeline`, and `reachesLsn` as `lsn`.
// Backups and WAL that came into the store since change nothing then: the plan, its hash and what is restored stay the same.
export type SettledPoint = { backupId: string; timeline?: number; lsn?: string };

type SourcePlan = {
  tier: TierPlan;
  identityFile: string;
  point: PointPlan;
  // Absent: nothing was planned before.
  settled?: SettledPoint;
};

// A data directory. All work is done in a folder of its own beside it, named after the Restore; the data directory is replaced at the very end, at once.
export type DirectoryPlan = {
  kind: 'volume' | 'inPlace';
  claimName: string;
  // Within the volume.
  path: string;
  runAs: { user: number; group: number };
  // Where the volume, and the folder that is shared with the server beside the agent, are mounted. Default: recoverPaths.
  mountPath?: string;
  runPath?: string;
};

export type DumpsPlan = {
  kind: 'server';
  server: WalSource;
  databases: string[];
  into?: string;
  add: boolean;
  roles: boolean;
};

// What would be done. Nothing is written, and a volume is not looked at. `verifySource`: every stored byte that is needed is read and checked (L1).
// `runPath`: the folder that is shared with the server beside the agent, which is there to be asked for its version.
export type RecoverPlanPlan = RecoverBase &
  SourcePlan & { mode: 'Plan'; target: DirectoryPlan | DumpsPlan; verifySource: boolean; runPath?: string };

// A copy of the old data in the store, where the volume has no room for both. `of`, `claimName`, `path`: what is copied.
export type SafetyPlan = Pick<PlanBase, 'policy' | 'clusterId' | 'verificationKeys'> & {
  restoreName: string;
  of: { uid: string; component: string };
  claimName: string;
  path: string;
  recipients: string[];
  signingKeyFile: string;
};

// What a result says of a copy. `bytes`: as stored.
export type StoredCopyFacts = { tier: string; bytes: number };

// `planHash`: it is refused where the plan is another one by now (PlanChanged). Absent: nothing was planned before.
// `keep`: in place, what becomes of what is there (spec.safetyBackup).
export type RecoverRestorePlan = RecoverBase &
  SourcePlan & {
    mode: 'Restore';
    target: DirectoryPlan | DumpsPlan;
    planHash?: string;
    keep?: 'Required' | 'BestEffort' | 'Skip';
    // Absent: nothing is put aside, or nothing is there. `isLastTry`: no attempt follows that could make the copy.
    safety?: Pick<SafetyPlan, 'recipients' | 'signingKeyFile'> & { isLastTry: boolean };
  };

// Undo: whatever that Restore has done to the directory is undone; nothing is left of it. Discard: what it put aside is removed.
// `copies`: where the old data may lie in the store. `target` absent in Discard: the claim is gone, and only the copy is left.
export type RecoverUndoPlan = RecoverBase & { copies?: CopiesPlan } & (
    | { mode: 'Undo'; target: DirectoryPlan }
    | { mode: 'Discard'; target?: DirectoryPlan }
  );
export type CopiesPlan = { tier: TierPlan; identityFile?: string };

// Whether the live server is the restored one. It is asked until it answers.
export type RecoverCheckPlan = RecoverBase & {
  mode: 'Check';
  server: WalSource;
  // Absent after an undo: then it only must be up.
  expect?: { systemId?: string; timeline?: number; lsn?: string };
};

export type RecoverPlan = RecoverPlanPlan | RecoverRestorePlan | RecoverUndoPlan | RecoverCheckPlan;
export const recoverModes = ['Plan', 'Restore', 'Undo', 'Discard', 'Check'] as const satisfies RecoverPlan['mode'][];
export type RecoverMode = (typeof recoverModes)[number];

// Printed once, as soon as it is known what will be done.
export type PlannedLine = { kind: 'planned'; time: string; planned: PlannedComponent };

export type RecoverResult = ResultBase & {
  verb: 'recover';
  mode: RecoverMode;
  component: string;
  attempt: number;
  // Plan and Restore.
  planned?: PlannedComponent;
  // Restore and Undo, also where they failed: whether the new data stands in the place of the old now; whether the old is kept aside.
  replaced?: boolean;
  kept?: boolean;
  // Where the old data is kept in the store.
  copy?: StoredCopyFacts;
  reachedLsn?: string;
  timeline?: number;
  systemId?: string;
  // What is worth knowing, such as settings that were taken out of force.
  note?: string;
};
