// What an agent sees of volumes and Secrets: only the keys that it needs, as files that only its group can read.
import { dirname } from 'node:path';
import { mountPath } from '../../api/agent.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { Tier } from '../../api/tier.ts';
import type { JobRequest } from '../../core/jobs/request.ts';
import { claimName } from '../../core/plan/names.ts';
import { dropMounts } from './drop-plan.ts';
import { findComponent, findTier, primaryOf } from './find-in-policy.ts';
import { login, secretMode, secretVolume } from './secret-volume.ts';
import type { Key, Mounted } from './secret-volume.ts';

const scratchSize = '64Mi';

// Memory, never a disk: nothing lies on a disk in plain text.
export const scratch: Mounted = {
  volume: { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: scratchSize } },
  mount: { name: 'tmp', mountPath: '/tmp' },
};

// Everything that one Job mounts, but those of a Restore.
export const mountsFor = (policy: BackupPolicy, request: JobRequest): Mounted[] => {
  const tier = findTier(policy, request.tier);
  switch (request.verb) {
    case 'dump':
      return [
        scratch,
        ...tierMounts(policy, tier, true),
        signingKey(policy),
        ...stateRecipient(policy),
        ...stateIdentity(policy, request),
        ...sourceMounts(policy, request),
      ];
    case 'seal':
    case 'audit':
      return [scratch, ...tierMounts(policy, tier, true), signingKey(policy)];
    case 'copy':
      return [scratch, ...tierMounts(policy, primaryOf(policy), false), ...tierMounts(policy, tier, true)];
    case 'adopt':
      // Every tier gets the new writer.
      return [scratch, ...policy.spec.tiers.flatMap((each) => tierMounts(policy, each, true)), signingKey(policy)];
    case 'inspect':
      // It writes down what it verified.
      return [scratch, ...tierMounts(policy, tier, true), signingKey(policy)];
    case 'receive':
      return request.dropSlot === undefined
        ? [scratch, ...receiveMounts(policy, request), ...connectionMounts(policy, request)]
        : [scratch, ...dropMounts(request.dropSlot)];
    case 'recover':
      throw new TypeError(`What ${request.name} mounts, its Restore says`);
    case 'check':
    case 'logs':
      return [scratch, ...tierMounts(policy, tier, false)];
  }
};

export const tierMounts = (policy: BackupPolicy, tier: Tier, writes: boolean): Mounted[] => {
  const { name, persistentVolumeClaim, s3 } = tier;
  if (persistentVolumeClaim !== undefined) {
    const claim = persistentVolumeClaim.claimName ?? claimName(policy.metadata.name, name);
    return [
      {
        volume: { name: `tier-${name}`, persistentVolumeClaim: { claimName: claim } },
        mount: { name: `tier-${name}`, mountPath: mountPath.tier(name), readOnly: !writes },
      },
    ];
  }
  const { credentialsSecretRef, caSecretRef } = s3 ?? {};
  return [
    ...(credentialsSecretRef === undefined ? [] : [s3Credentials(name, credentialsSecretRef.name)]),
    ...(caSecretRef === undefined
      ? []
      : [secretVolume(`tier-${name}-ca`, caSecretRef.name, [{ key: caSecretRef.key, path: 'ca.crt' }], dirname(mountPath.tierCa(name)))]),
  ];
};

const item = (key: string): Key => ({ key, path: key });

// The session token is there with some credentials only, so it is a source of its own.
const s3Credentials = (tier: string, secret: string): Mounted => {
  return {
    volume: {
      name: `tier-${tier}-login`,
      projected: {
        defaultMode: secretMode,
        sources: [
          { secret: { name: secret, items: [item('accessKeyId'), item('secretAccessKey')] } },
          { secret: { name: secret, items: [item('sessionToken')], optional: true } },
        ],
      },
    },
    mount: { name: `tier-${tier}-login`, mountPath: mountPath.tierCredentials(tier), readOnly: true },
  };
};

// `optional`: the Secret may be missing.
export const signingKey = ({ spec }: BackupPolicy, optional = false): Mounted => {
  const { name, key } = spec.encryption.signingKeySecretRef;
  return secretVolume('signing', name, [{ key, path: 'signing.key' }], dirname(mountPath.signingKey), optional);
};

const stateRecipient = ({ spec }: BackupPolicy): Mounted[] => {
  const { stateIdentitySecretRef: ref } = spec.encryption;
  return ref === undefined
    ? []
    : [secretVolume('state', ref.name, [{ key: ref.key, path: 'recipient' }], dirname(mountPath.stateRecipient))];
};

// Only where there is something to build on. It may be missing: then the copy is whole, and says so; a pod that cannot start would say nothing.
const stateIdentity = ({ spec }: BackupPolicy, { parent }: JobRequest): Mounted[] => {
  const { stateIdentitySecretRef: ref } = spec.encryption;
  if (ref === undefined || parent === undefined) {
    return [];
  }
  const items = [{ key: ref.identityKey, path: 'identity' }];
  return [
    {
      volume: { name: 'state-identity', secret: { secretName: ref.name, items, defaultMode: secretMode, optional: true } },
      mount: { name: 'state-identity', mountPath: dirname(mountPath.stateIdentity), readOnly: true },
    },
  ];
};

// Who receives WAL writes it to every tier. A barrier only looks whether it is there, and signs nothing.
const receiveMounts = (policy: BackupPolicy, { receive }: JobRequest): Mounted[] => {
  const writes = receive?.mode !== 'Barrier';
  return [...policy.spec.tiers.flatMap((each) => tierMounts(policy, each, writes)), ...(writes ? [signingKey(policy)] : [])];
};

const sourceMounts = (policy: BackupPolicy, request: JobRequest): Mounted[] => {
  const own = findComponent(policy, request.component).postgresql?.logical.credentialsSecretRef;
  return [...connectionMounts(policy, request), ...(own === undefined ? [] : [login('logical', mountPath.logicalCredentials, own)])];
};

const connectionMounts = (policy: BackupPolicy, { component }: JobRequest): Mounted[] => {
  const { connection } = findComponent(policy, component).postgresql ?? {};
  if (connection === undefined) {
    return [];
  }
  const ca = connection.caSecretRef;
  return [
    login('source', mountPath.sourceCredentials, connection.credentialsSecretRef),
    ...(ca === undefined ? [] : [secretVolume('source-ca', ca.name, [{ key: ca.key, path: 'ca.crt' }], dirname(mountPath.sourceCa))]),
  ];
};
