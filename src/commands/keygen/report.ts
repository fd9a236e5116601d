// What keygen tells: which file belongs where. No secret is among it.
import type { Colours } from '../common/io.ts';
import { fileName } from './contents.ts';
import type { KeyNames } from './contents.ts';

export type KeygenFacts = {
  directory: string;
  names: KeyNames;
  recipient: string;
  verificationKeyId: string;
  // The older identity that --force set aside.
  kept: string | undefined;
};

export const report = ({ directory, names, recipient, verificationKeyId, kept }: KeygenFacts, { bold, red, yellow }: Colours): string => {
  const lines = [
    `Made the keys of the policy ${names.namespace}/${names.policy} in ${directory}`,
    '',
    `  ${bold(fileName.identity)}  ${red('into a safe')}`,
    '    It opens the backups; without it they are lost for ever. Keep two copies, outside the cluster, git and the bucket.',
    `  ${bold(fileName.secrets)}  ${yellow('to the cluster')}`,
    `    kubectl apply -f ${directory}/${fileName.secrets}`,
    '    Then delete the file, or put it into the safe as well. Never into git.',
    `  ${bold(fileName.encryption)}  into git`,
    `    The block spec.encryption of the policy. It holds no secret.`,
    `  ${bold(fileName.verificationKeys)}  into git, and a copy into the safe`,
    '    Says whose signatures to believe. `kubectl holdfast list --from` needs it; identity.txt repeats it.',
    '',
    `Recipient:         ${recipient}`,
    `Verification key:  ${verificationKeyId}`,
    ...(kept === undefined ? [] : ['', `The older identity is kept as ${kept}: backups sealed to it need it.`]),
  ];
  return `${lines.join('\n')}\n`;
};
