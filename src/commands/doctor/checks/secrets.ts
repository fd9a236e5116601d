// Secrets and keys. Values are never shown; the signing key is only compared.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { ok, problem, unknown, unread } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { secretsOf } from '../named-secrets.ts';
import type { PolicyFacts } from '../read.ts';

export const checkSecrets = (facts: PolicyFacts): Finding[] => [allThere(facts), signingFits(facts), recipients(facts)];

const allThere = ({ policy, secrets }: PolicyFacts): Finding => {
  const check = 'Secrets';
  const { namespace } = policy.metadata;
  const named = secretsOf(policy);
  for (const { name, keys, field } of named) {
    const found = secrets.get(name);
    if (found === undefined || 'failure' in found) {
      continue;
    }
    if (found.value === undefined) {
      return problem(
        check,
        `The Secret "${name}" is missing; ${field} names it.`,
        `kubectl create secret generic ${name} -n ${namespace} --from-literal=${keys[0] ?? 'key'}=…, or mend the field`,
      );
    }
    const { data = {} } = found.value;
    const absent = keys.find((key) => (data[key] ?? '') === '');
    if (absent !== undefined) {
      return problem(
        check,
        `The Secret "${name}" has no key "${absent}", or it is empty; ${field} needs it.`,
        `kubectl edit secret ${name} -n ${namespace}, or mend the key in the field`,
      );
    }
  }
  const unreadable = named.flatMap(({ name }) => {
    const found = secrets.get(name);
    return found !== undefined && 'failure' in found ? [found.failure] : [];
  });
  const [first] = unreadable;
  return first === undefined
    ? ok(check, `All ${new Set(named.map(({ name }) => name)).size} are there, with their keys.`)
    : unread(check, first);
};

const signingFits = ({ policy, secrets }: PolicyFacts): Finding => {
  const check = 'signing key';
  const { signingKeySecretRef: ref, verificationKeys } = policy.spec.encryption;
  const found = secrets.get(ref.name);
  if (found === undefined || 'failure' in found) {
    return unread(check, found?.failure ?? `The Secret "${ref.name}" was not read.`);
  }
  const encoded = found.value?.data?.[ref.key];
  if (encoded === undefined) {
    return unknown(check, 'There is none to compare.', 'Bring the Secret into order first.');
  }
  const own = publicPartOf(Buffer.from(encoded, 'base64'));
  const again = 'kubectl holdfast keygen makes a fitting pair; a policy may name several verification keys, the old ones stay';
  if (own === undefined) {
    return problem(check, `What the Secret "${ref.name}" holds at "${ref.key}" is no Ed25519 private key (PKCS#8 PEM).`, again);
  }
  return verificationKeys.some(({ key }) => key === own)
    ? ok(check, 'Its public part is among the verification keys.')
    : problem(check, 'No verification key of the policy fits the signing key: what is sealed with it will not be believed.', again);
};

const publicPartOf = (pem: Buffer): string | undefined => {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'ed25519'
      ? createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')
      : undefined;
  } catch {
    return undefined;
  }
};

const recipients = ({ policy }: PolicyFacts): Finding => {
  const { length } = policy.spec.encryption.recipients;
  return length > 1
    ? ok('recipients', `${length} people or places can open the backups.`)
    : ok(
        'recipients',
        'One identity opens the backups. See that it lies in a safe outside this cluster; a second recipient costs nothing.',
      );
};
