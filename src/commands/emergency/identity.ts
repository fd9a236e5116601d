// The identity that opens the backups: a Secret that is there, or a file that is lent to the cluster for this one Restore.
import type { V1Secret } from '@kubernetes/client-node';
import { apiVersion, label } from '../../api/group.ts';
import type { Restore } from '../../api/objects.ts';
import { recipientOf } from '../../archive/age/header.ts';
import { identitiesIn } from '../../archive/recovery/keys.ts';
import { KubeError } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Cluster } from '../common/cluster.ts';
import { wrongUse } from '../common/errors.ts';
import { readIdentityFiles } from '../common/identity-files.ts';
import { checkName } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { secrets } from '../common/resources.ts';
import type { EmergencyOptions } from './options.ts';

const defaultKey = 'identity';

export type Identity = { kind: 'file'; identities: string[]; recipients: string[] } | { kind: 'secret'; name: string; key: string };

export const readIdentity = async ({
  identity: files = [],
  identitySecret,
}: Pick<EmergencyOptions, 'identity' | 'identitySecret'>): Promise<Identity> => {
  if ((files.length === 0) === (identitySecret === undefined)) {
    throw wrongUse(
      files.length === 0 ? 'Without the identity nobody can open a backup.' : '--identity and --identity-secret exclude each other.',
      'Name identity.txt out of the safe with --identity, or a Secret of the namespace with --identity-secret.',
    );
  }
  if (identitySecret !== undefined) {
    const [name = '', key = defaultKey] = identitySecret.split('/');
    checkName(name, 'Secret');
    return { kind: 'secret', name, key };
  }
  const identities = (await readIdentityFiles(files)).flatMap((text) => identitiesIn(text));
  return { kind: 'file', identities, recipients: await Promise.all(identities.map(recipientOf)) };
};

// Recipients that the identities in a Secret open. Why not, where that cannot be told.
export const secretRecipients = async (
  { client, namespace }: Cluster,
  { name, key }: { name: string; key: string },
): Promise<{ recipients: string[] } | { missing: string } | { unread: string }> => {
  try {
    const secret = await client.get<V1Secret>(secrets, { namespace, name });
    const value = secret?.data?.[key];
    if (value === undefined) {
      return { missing: secret === undefined ? `There is no Secret "${name}".` : `The Secret "${name}" has no key "${key}".` };
    }
    const found = Buffer.from(value, 'base64').toString('utf8');
    return { recipients: await Promise.all(identitiesIn(found).map(recipientOf)) };
  } catch (error) {
    if (error instanceof KubeError) {
      return { unread: error.message };
    }
    return { missing: `The Secret "${name}" holds no age identity at "${key}".` };
  }
};

export type Lent = {
  ref: { name: string; key: string };
  // The Restore takes it along when it is deleted. Where that cannot be written down, it is removed at the end all the same.
  belongsTo(restore: Restore): Promise<void>;
  // Always to be called. False: it could not be removed.
  remove(): Promise<boolean>;
};

const ignoreAnswer = (error: unknown): void => {
  if (!(error instanceof KubeError)) {
    throw error;
  }
};

const nothingLent = (ref: Lent['ref']): Lent => ({ ref, belongsTo: async () => undefined, remove: async () => true });

// Puts the identity out of the file into a Secret of its own.
export const lendIdentity = async (
  { client, namespace }: Cluster,
  identity: Identity,
  restore: { name: string; policy: string },
): Promise<Lent> => {
  if (identity.kind === 'secret') {
    return nothingLent({ name: identity.name, key: identity.key });
  }
  const name = `${restore.name}-identity`;
  await client.create<V1Secret & KubeObject>(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: { [label.policy]: restore.policy } },
    type: 'Opaque',
    stringData: { [defaultKey]: `${identity.identities.join('\n')}\n` },
  });
  return {
    ref: { name, key: defaultKey },
    async belongsTo({ metadata }) {
      const owner = { apiVersion, kind: 'Restore', name: metadata.name, uid: metadata.uid };
      await client.patch(secrets, { namespace, name }, { metadata: { ownerReferences: [owner] } }).catch(ignoreAnswer);
    },
    async remove() {
      try {
        await client.delete(secrets, { namespace, name });
        return true;
      } catch {
        return false;
      }
    },
  };
};

// What to do where the Secret is still there.
export const tellLeftBehind = ({ ref }: Lent, namespace: string, { err, errorColours }: Io): void =>
  err(
    `${errorColours.red('The Secret with the identity could not be removed.')} Remove it: kubectl delete secret ${ref.name} -n ${namespace}\n`,
  );
