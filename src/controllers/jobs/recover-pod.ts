// What a Job of a Restore sees of volumes and Secrets, and the server that replays beside the agent.
import { dirname } from 'node:path';
import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import { recoverPaths } from '../../api/recover.ts';
import { serverRunnerScript } from '../../api/server-runner.ts';
import type { BackupPolicy, Restore } from '../../api/objects.ts';
import type { ServerTargetSpec } from '../../api/restore.ts';
import { serverContainer } from '../../core/jobs/pod-waiting.ts';
import type { JobRequest } from '../../core/jobs/request.ts';
import { wantedTarget } from '../../core/restore/targets.ts';
import { findComponent, findTier } from './find-in-policy.ts';
import { login, secretVolume } from './secret-volume.ts';
import type { Mounted } from './secret-volume.ts';
import { agentId } from './pod.ts';
import { asksServer, mayCopy } from './recover-plan.ts';
import { users } from './users.ts';
import { scratch, signingKey, tierMounts } from './volumes.ts';

// Everything that the agent mounts.
export const recoverMounts = (policy: BackupPolicy, restore: Restore, request: JobRequest): Mounted[] => {
  const { mode, directory } = request.recover ?? {};
  switch (mode) {
    case 'Plan':
      return [
        scratch,
        ...sourceMounts(policy, restore, request),
        ...dumpTarget(policy, restore, request),
        ...(asksServer(policy, restore, request) ? [run, users] : []),
      ];
    case 'Restore':
      return [
        scratch,
        ...sourceMounts(policy, restore, request),
        ...dumpTarget(policy, restore, request),
        ...(directory === undefined ? [] : [claimMount(directory.claimName), run, users]),
      ];
    case 'Undo':
    case 'Discard':
      return [scratch, ...(directory === undefined ? [] : [claimMount(directory.claimName)]), ...copiesMounts(policy, request)];
    case 'Check':
    case undefined: {
      const { connection } = findComponent(policy, request.component).postgresql ?? {};
      return [scratch, ...(connection === undefined ? [] : serverMounts(connection))];
    }
  }
};

// What may have to copy the old data into the store writes there, and signs. Without the key it says so; a pod that cannot start would say nothing.
const sourceMounts = (policy: BackupPolicy, restore: Restore, request: JobRequest): Mounted[] => {
  const copies = mayCopy(restore, request);
  return [
    ...tierMounts(policy, findTier(policy, request.tier), copies),
    ...identityMount(restore.spec.source.identitySecretRef),
    ...(copies ? [signingKey(policy, true)] : []),
  ];
};

const copiesMounts = (policy: BackupPolicy, { recover }: JobRequest): Mounted[] =>
  recover?.copies === undefined
    ? []
    : [...tierMounts(policy, findTier(policy, recover.copies.tier), true), ...identityMount(recover.copies.identity)];

const identityMount = (ref: { name: string; key: string } | undefined): Mounted[] =>
  ref === undefined ? [] : [secretVolume('identity', ref.name, [{ key: ref.key, path: 'identity' }], dirname(recoverPaths.identity))];

const dumpTarget = (policy: BackupPolicy, restore: Restore, { component = '' }: JobRequest): Mounted[] => {
  const { server } = wantedTarget(restore, policy, component);
  return server === undefined ? [] : serverMounts(server.connection);
};

const serverMounts = ({ credentialsSecretRef, caSecretRef: ca }: ServerTargetSpec['connection']): Mounted[] => [
  login('server', recoverPaths.serverCredentials, credentialsSecretRef),
  ...(ca === undefined ? [] : [secretVolume('server-ca', ca.name, [{ key: ca.key, path: 'ca.crt' }], dirname(recoverPaths.serverCa))]),
];

const claimMount = (claimName: string): Mounted => ({
  volume: { name: 'target', persistentVolumeClaim: { claimName } },
  mount: { name: 'target', mountPath: recoverPaths.target },
});

// Where the agent and the server meet: requests, answers, a socket.
const run: Mounted = {
  volume: { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
  mount: { name: 'run', mountPath: recoverPaths.run },
};

const serverResources = { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } };

// A native sidecar: it is there before the agent, and ends when the agent has ended. It sees the volume, unless it is only asked for its version, and no Secret.
export const serverBeside = (policy: BackupPolicy, restore: Restore, request: JobRequest, agentImage: string): V1Container[] => {
  const { postgresql } = findComponent(policy, request.component);
  const directory = request.recover?.mode === 'Restore' ? request.recover.directory : undefined;
  if (postgresql === undefined || (directory === undefined && !asksServer(policy, restore, request))) {
    return [];
  }
  return [
    {
      name: serverContainer,
      image: postgresql.image ?? agentImage,
      imagePullPolicy: 'IfNotPresent',
      restartPolicy: 'Always',
      command: ['sh', '-c', verbatim(serverRunnerScript({ directory: recoverPaths.run, major: postgresql.version }))],
      resources: serverResources,
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      volumeMounts: [...(directory === undefined ? [] : [claimMount(directory.claimName).mount]), run.mount, scratch.mount, users.mount],
    },
  ];
};

// Kubernetes reads `$$` in a command as `$`, and `$(NAME)` as a variable.
const verbatim = (text: string): string => text.replaceAll('$', () => '$$');

// Who the files belong to is who writes them. On a volume the other Jobs of the tier share their group with it.
export const recoverUser = ({
  recover,
}: JobRequest):
  | Pick<NonNullable<V1PodSpec['securityContext']>, 'runAsUser' | 'runAsGroup' | 'fsGroup' | 'supplementalGroups'>
  | undefined => {
  const runAs = recover?.directory?.runAs;
  return runAs === undefined || recover?.mode === 'Plan' || recover?.mode === 'Check'
    ? undefined
    : { runAsUser: runAs.user, runAsGroup: runAs.group, fsGroup: runAs.group, supplementalGroups: [agentId] };
};
