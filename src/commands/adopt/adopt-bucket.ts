// A new cluster that has only the bucket and the safe: what the bucket holds becomes a policy that reads it. Nothing is written to the bucket.
import { readFile } from 'node:fs/promises';
import type { VerificationKey } from '../../api/agent.ts';
import { recipientOf } from '../../archive/age/header.ts';
import { identitiesIn } from '../../archive/recovery/keys.ts';
import { makeSigningPair } from '../../archive/signing/keys.ts';
import type { V1Secret } from '@kubernetes/client-node';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import { exitCode, notFound, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { checkName, checkNamespace } from '../common/find.ts';
import { readIdentityFiles } from '../common/identity-files.ts';
import type { Io } from '../common/io.ts';
import { readLocation } from '../common/location.ts';
import { printDocument } from '../common/output.ts';
import { secrets } from '../common/resources.ts';
import { keysInText, readVerificationKeys } from '../common/verification-keys.ts';
import { readCredentials } from './credentials.ts';
import { checkAll, makeAll } from './make-all.ts';
import { secretNames, wantedObjects } from './objects.ts';
import type { Ingredients, Wanted } from './objects.ts';
import type { AdoptOptions } from './options.ts';
import { readStore } from './read-store.ts';
import { tellCatalogue, tellMade, tellPrinted } from './tell.ts';

// As many as a policy takes, with room for the new one.
const mostKeys = 7;

export const adoptBucket = async (options: AdoptOptions, io: Io): Promise<ExitCode> => {
  const ingredients = await collectIngredients(options, io);
  const wanted = wantedObjects(ingredients);
  if (options.output !== undefined) {
    await printManifests(options.output, wanted, io);
    tellPrinted(ingredients, io);
    return exitCode.done;
  }
  tellCatalogue(ingredients, io);
  await withCluster(options, async (cluster) => {
    await mustHoldCredentials(cluster, ingredients);
    await (options.dryRun === true ? checkAll(cluster, wanted) : makeAll(cluster, wanted));
  });
  tellMade(ingredients, wanted, options.dryRun === true, io);
  return exitCode.done;
};

const collectIngredients = async (options: AdoptOptions, io: Io): Promise<Ingredients> => {
  const { bucket = '', prefix, namespace, credentialsSecret, credentialsDir } = options;
  if (namespace === undefined || prefix === undefined) {
    throw wrongUse(
      namespace === undefined
        ? 'It is not said which namespace the policy goes into.'
        : 'It is not said where in the bucket the policy lived.',
      namespace === undefined
        ? 'Name a namespace that is there with -n; the application is restored into it.'
        : 'Name it with --prefix, such as --prefix shop/shop: <namespace>/<policy> of the lost cluster, where its tier named none.',
    );
  }
  checkNamespace(namespace);
  const from = `s3://${bucket}/${prefix}`;
  const location = await readLocation(from, options, io.environment);
  if (location.kind !== 's3') {
    throw wrongUse(`"${from}" is no bucket.`, 'Write the name of a bucket, and a prefix in it.');
  }
  const safe = await readSafe(options);
  const credentials =
    credentialsSecret === undefined ? { values: await readCredentials(credentialsDir, io.environment) } : { secret: credentialsSecret };
  const facts = await readStore(from, location, safe.verificationKeys, io);
  const name = options.name ?? facts.writer.name;
  checkName(name, 'BackupPolicy');
  const ca = location.caFile === undefined || location.endpoint === undefined ? undefined : await readFile(location.caFile, 'utf8');
  return { namespace, name, facts, location, credentials, ca, ...safe, signing: makeSigningPair() };
};

// identity.txt: who can open the backups, and whose signatures to believe.
const readSafe = async ({
  identity: files = [],
  verificationKey,
}: AdoptOptions): Promise<Pick<Ingredients, 'recipients' | 'verificationKeys'>> => {
  if (files.length === 0) {
    throw wrongUse(
      'Without identity.txt nobody can tell a genuine backup from a forged one, or open it.',
      'Name identity.txt out of the safe with --identity. It stays on this machine: only public keys in it go to the cluster.',
    );
  }
  const texts = await readIdentityFiles(files);
  const own = texts.flatMap(keysInText);
  const more = own.length > 0 && verificationKey === undefined ? [] : await readVerificationKeys(verificationKey);
  const verificationKeys = distinct([...own, ...more]);
  if (verificationKeys.length > mostKeys) {
    throw wrongUse(
      `There are ${verificationKeys.length} verification keys; a policy takes ${mostKeys} and the new one.`,
      'Leave out old ones.',
    );
  }
  return { recipients: [...new Set(await Promise.all(texts.flatMap((text) => identitiesIn(text)).map(recipientOf)))], verificationKeys };
};

const distinct = (keys: readonly VerificationKey[]): VerificationKey[] => [...new Map(keys.map((key) => [key.id, key])).values()];

const mustHoldCredentials = async ({ client }: Cluster, { namespace, credentials }: Ingredients): Promise<void> => {
  if ('values' in credentials) {
    return;
  }
  const found = await client.get<V1Secret>(secrets, { namespace, name: credentials.secret });
  const missing = ['accessKeyId', 'secretAccessKey'].find((key) => found?.data?.[key] === undefined);
  if (missing !== undefined) {
    throw notFound(
      'SecretMissing',
      found === undefined
        ? `There is no Secret "${credentials.secret}" in the namespace "${namespace}". Nothing was changed.`
        : `The Secret "${credentials.secret}" has no key "${missing}". Nothing was changed.`,
      `Mend it, or leave out --credentials-secret: then "${secretNames('<policy>').store}" is made.`,
    );
  }
};

const printManifests = async (format: 'json' | 'yaml', wanted: readonly Wanted[], io: Io): Promise<void> => {
  const items = wanted.map(({ object }) => object);
  if (format === 'json') {
    await printDocument('json', { apiVersion: 'v1', kind: 'List', items }, io);
    return;
  }
  for (const [at, object] of items.entries()) {
    io.out(at === 0 ? '' : '---\n');
    await printDocument('yaml', object, io);
  }
};
