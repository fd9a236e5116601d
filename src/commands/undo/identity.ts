// What opens the old data where it lies in the store: the Secret of the Restore itself, another one, or a file that is lent to the cluster meanwhile.
import type { Restore } from '../../api/objects.ts';
import type { Cluster } from '../common/cluster.ts';
import { refused, wrongUse } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import { lendIdentity, readIdentity, secretRecipients, tellLeftBehind } from '../emergency/identity.ts';
import type { Identity, Lent } from '../emergency/identity.ts';
import type { Undo } from './available.ts';

export type IdentityOptions = { identity?: string[]; identitySecret?: string };

// Undefined: none is needed, or that of the Restore is there.
export const identityFor = async (
  cluster: Cluster,
  { metadata, spec }: Restore,
  { method, copies = [] }: Undo,
  options: IdentityOptions & { wait: boolean },
): Promise<Identity | undefined> => {
  if (options.identity !== undefined || options.identitySecret !== undefined) {
    const identity = await readIdentity(options);
    if (identity.kind === 'file' && !options.wait) {
      throw wrongUse(
        'An identity from a file is lent for as long as this command follows.',
        'Leave out --no-wait, or use --identity-secret.',
      );
    }
    return identity;
  }
  const ref = spec.source.identitySecretRef;
  const found = method === 'Stored' && ref !== undefined ? await secretRecipients(cluster, ref) : undefined;
  if (found !== undefined && 'missing' in found) {
    throw refused(
      'KeyUnavailable',
      `What was there before ${metadata.name} lies in the store (tier ${copies[0]?.tier ?? ''}), and nothing here opens it. ${found.missing}`,
      'Name identity.txt out of the safe with --identity, or a Secret of the namespace with --identity-secret.',
    );
  }
  return undefined;
};

// What was lent is taken back however it ends.
export const withIdentity = async <T>(
  cluster: Cluster,
  { metadata, spec }: Restore,
  identity: Identity | undefined,
  io: Io,
  work: (lent: Lent | undefined) => Promise<T>,
): Promise<T> => {
  if (identity === undefined) {
    return work(undefined);
  }
  const lent = await lendIdentity(cluster, identity, { name: `${metadata.name}-undo`, policy: spec.source.policyRef.name });
  try {
    return await work(lent);
  } finally {
    if (!(await lent.remove())) {
      tellLeftBehind(lent, metadata.namespace, io);
    }
  }
};
