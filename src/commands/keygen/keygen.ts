// Makes the keys of a policy, writes them to files, and says what belongs where.
import { labelPattern } from '../../api/label-pattern.ts';
import { exitCode, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import { keyFiles } from './contents.ts';
import type { KeyNames } from './contents.ts';
import { makeKeys } from './keys.ts';
import { report } from './report.ts';
import { writeKeyFiles } from './write.ts';

export type KeygenOptions = { policy: string; outputDir?: string; signingSecret: string; stateSecret: string; force?: boolean };

const longestPolicyName = 32;
const longestNamespace = 63;
const longestSecretName = 253;
const secretName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const keygen = async (options: KeygenOptions, io: Io): Promise<ExitCode> => {
  const names = readNames(options);
  const directory = options.outputDir ?? `holdfast-${names.namespace}-${names.policy}`;
  const createdTime = `${new Date(io.now()).toISOString().slice(0, 19)}Z`;
  const keys = await makeKeys();
  const kept = await writeKeyFiles(directory, keyFiles(keys, names, createdTime), { force: options.force ?? false, createdTime });
  io.out(
    report({ directory, names, recipient: keys.identity.recipient, verificationKeyId: keys.signing.verificationKey.id, kept }, io.colours),
  );
  return exitCode.done;
};

const readNames = ({ policy, signingSecret, stateSecret }: KeygenOptions): KeyNames => {
  const [namespace = '', name = '', ...rest] = policy.split('/');
  if (rest.length > 0 || !isName(namespace, longestNamespace) || !isName(name, longestPolicyName)) {
    throw wrongUse(
      `"${policy}" is not <namespace>/<name> of a policy.`,
      `Write both, such as --policy shop/shop: lower-case letters, digits and "-"; the name has at most ${longestPolicyName} characters.`,
    );
  }
  for (const secret of [signingSecret, stateSecret]) {
    if (secret.length > longestSecretName || !secretName.test(secret)) {
      throw wrongUse(`"${secret}" is no name of a Secret.`, 'Use lower-case letters, digits, "-" and ".".');
    }
  }
  if (signingSecret === stateSecret) {
    throw wrongUse(`Both Secrets are named "${signingSecret}".`, 'Give each a name of its own: they go to different pods.');
  }
  return { namespace, policy: name, signingSecret, stateSecret };
};

const isName = (text: string, longest: number): boolean => text.length <= longest && labelPattern.test(text);
