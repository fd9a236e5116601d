// The Job that drops a replication slot: its plan and its mounts. By what was written down of the slot, for the component may be gone or point elsewhere.
import { dirname } from 'node:path';
import { mountPath } from '../../api/agent.ts';
import type { DropSlotPlan } from '../../api/agent.ts';
import type { SlotFacts } from '../../api/slot-status.ts';
import type { DropSlotRequest, JobRequest } from '../../core/jobs/request.ts';
import { walSource } from './plan-parts.ts';
import type { SourcePaths } from './plan-parts.ts';
import { login, secretVolume } from './secret-volume.ts';
import type { Mounted } from './secret-volume.ts';

type Connection = SlotFacts['connection'];

const first: SourcePaths = { credentials: mountPath.sourceCredentials, ca: mountPath.sourceCa };
const second: SourcePaths = { credentials: mountPath.currentCredentials, ca: mountPath.currentCa };

// No version is checked: a slot can be dropped on any.
const anyVersion = 0;

export const dropPlan = (
  { component = '' }: JobRequest,
  { name, connection, unless, deadlineSeconds }: DropSlotRequest,
  base: Pick<DropSlotPlan, 'policy' | 'clusterId' | 'verificationKeys'>,
): DropSlotPlan => ({
  ...base,
  verb: 'receive',
  mode: 'Drop',
  component,
  postgresql: walSource(anyVersion, connection, first),
  slot: name,
  deadlineSeconds,
  ...(unless === undefined ? {} : { unlessServer: walSource(anyVersion, unless, second) }),
});

const mounts = (name: string, { credentialsSecretRef, caSecretRef: ca }: Connection, paths: SourcePaths): Mounted[] => [
  login(name, paths.credentials, credentialsSecretRef),
  ...(ca === undefined ? [] : [secretVolume(`${name}-ca`, ca.name, [{ key: ca.key, path: 'ca.crt' }], dirname(paths.ca))]),
];

export const dropMounts = ({ connection, unless }: DropSlotRequest): Mounted[] => [
  ...mounts('source', connection, first),
  ...(unless === undefined ? [] : mounts('current', unless, second)),
];
