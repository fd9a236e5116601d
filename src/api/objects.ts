// The custom resources as the API server hands them out.
import type { BackupSpec, BackupStatus } from './backup.ts';
import type { RestoreSpec } from './restore.ts';
import type { RestoreStatus } from './restore-status.ts';
import type { PolicySpec, PolicyStatus } from './policy.ts';

export type ObjectMeta = {
  name: string;
  namespace: string;
  uid: string;
  generation: number;
  resourceVersion: string;
  creationTimestamp: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
};

export type BackupPolicy = { apiVersion: string; kind: 'BackupPolicy'; metadata: ObjectMeta; spec: PolicySpec; status?: PolicyStatus };
export type Backup = { apiVersion: string; kind: 'Backup'; metadata: ObjectMeta; spec: BackupSpec; status?: BackupStatus };
export type Restore = { apiVersion: string; kind: 'Restore'; metadata: ObjectMeta; spec: RestoreSpec; status?: RestoreStatus };
