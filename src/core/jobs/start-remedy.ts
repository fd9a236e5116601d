// What to do about a pod that cannot start. Kubelet, scheduler and API server say what is wrong; the next step they leave out.

type Remedy = { when: RegExp; say: (match: RegExpExecArray, reason: string) => string };

// The field of the policy that a volume of the pod stands for.
const fields: { volume: RegExp; field: (name: string) => string }[] = [
  { volume: /^identity$/, field: () => 'source.identitySecretRef of another Restore' },
  {
    volume: /^server$/,
    field: () => 'target.server.connection.credentialsSecretRef of another Restore, or in connection.credentialsSecretRef of the policy',
  },
  {
    volume: /^server-ca$/,
    field: () => 'target.server.connection.caSecretRef of another Restore, or in connection.caSecretRef of the policy',
  },
  { volume: /^source$/, field: () => 'connection.credentialsSecretRef' },
  { volume: /^source-ca$/, field: () => 'connection.caSecretRef' },
  { volume: /^logical$/, field: () => 'logical.credentialsSecretRef' },
  { volume: /^signing$/, field: () => 'spec.encryption.signingKeySecretRef' },
  { volume: /^state$/, field: () => 'spec.encryption.stateIdentitySecretRef' },
  { volume: /^tier-(.+)-login$/, field: (tier) => `s3.credentialsSecretRef of the tier "${tier}"` },
  { volume: /^tier-(.+)-ca$/, field: (tier) => `s3.caSecretRef of the tier "${tier}"` },
  { volume: /^tier-(.+)$/, field: (tier) => `persistentVolumeClaim of the tier "${tier}"` },
];

const fieldOf = (reason: string): string => {
  const volume = /volume "([^"]+)"/.exec(reason)?.[1] ?? '';
  const known = fields.find((each) => each.volume.test(volume));
  return known === undefined ? 'the policy' : known.field(known.volume.exec(volume)?.[1] ?? '');
};

const remedies: Remedy[] = [
  {
    when: /references non-existent secret keys?: ([^\s,]+)/i,
    say: ([, key = ''], reason) => `The Secret has no key "${key}": add it, or mend ${fieldOf(reason)}.`,
  },
  {
    when: /secret "([^"]+)" not found/i,
    say: ([, name = ''], reason) => `Create the Secret "${name}", or mend its name in ${fieldOf(reason)}.`,
  },
  {
    when: /persistentvolumeclaim "([^"]+)" not found/i,
    say: ([, name = '']) =>
      `Create the claim "${name}", or mend its name in persistentVolumeClaim.claimName of the tier, or in the target of another Restore.`,
  },
  {
    when: /persistentvolumeclaim "([^"]+)" (is being deleted|bound to non-existent)/i,
    say: ([, name = '']) =>
      `The claim "${name}" is lost: name another one in persistentVolumeClaim.claimName of the tier, or in the target of another Restore.`,
  },
  {
    when: /unbound immediate PersistentVolumeClaims/i,
    say: () => 'Look at the claims of the pod (kubectl describe pvc): a storage class makes no volume, or none is large enough.',
  },
  {
    when: /serviceaccount "([^"]+)" not found/i,
    say: ([, name = '']) => `Create the ServiceAccount "${name}", or mend serviceAccountName in spec.jobs or in the tier.`,
  },
  { when: /exceeded quota/i, say: () => 'Raise the quota of the namespace, or lower spec.jobs.resources.' },
  {
    when: /violates PodSecurity/i,
    say: () => 'Holdfast keeps to "restricted"; something else changes its pods: look for a mutating webhook.',
  },
  {
    when: /the image \S+ of the server cannot be had/,
    say: () =>
      'Mend postgresql.image of the component in the policy (where it has none: agent.images in the values of the chart), or give the registry its login in spec.jobs.imagePullSecrets; then write the Restore again.',
  },
  {
    when: /ErrImage|ImagePullBackOff|InvalidImageName/,
    say: () => 'Mend agent.images in the values of the chart, or give the registry its login in spec.jobs.imagePullSecrets.',
  },
  { when: /node affinity\/selector/i, say: () => 'Mend spec.jobs.nodeSelector, or label a node.' },
  { when: /untolerated taint/i, say: () => 'Add the taint to spec.jobs.tolerations, or make room on another node.' },
  { when: /Insufficient (cpu|memory)/i, say: ([, what = '']) => `Lower spec.jobs.resources.requests.${what}, or make room on a node.` },
  {
    when: /Multi-Attach|volume is already (used|exclusively attached)/i,
    say: () => 'A volume is held by another node: end the pod that holds it, or use a claim that is ReadWriteMany.',
  },
];

// The reason with its next step, where one is known.
export const withRemedy = (reason: string): string => {
  for (const { when, say } of remedies) {
    const match = when.exec(reason);
    if (match !== null) {
      return `${reason.replace(/[.\s]*$/, '')}. ${say(match, reason)}`;
    }
  }
  return reason;
};
