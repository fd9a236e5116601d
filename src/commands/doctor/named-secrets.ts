// Every Secret that a policy names, with the keys that it needs there.
import type { BackupPolicy } from '../../api/objects.ts';

export type NamedSecret = { name: string; keys: string[]; field: string };

const one = (field: string, ref: { name: string; key: string } | undefined): NamedSecret[] =>
  ref === undefined ? [] : [{ name: ref.name, keys: [ref.key], field }];
const login = (field: string, ref: { name: string; usernameKey: string; passwordKey: string } | undefined): NamedSecret[] =>
  ref === undefined ? [] : [{ name: ref.name, keys: [ref.usernameKey, ref.passwordKey], field }];

// The identity itself is needed where a schedule asks for increments.
const state = ({ encryption: { stateIdentitySecretRef: ref }, schedules }: BackupPolicy['spec']): NamedSecret[] => {
  const increments = schedules.incremental !== undefined || schedules.differential !== undefined;
  return ref === undefined
    ? []
    : [{ name: ref.name, keys: [ref.key, ...(increments ? [ref.identityKey] : [])], field: 'spec.encryption.stateIdentitySecretRef' }];
};

export const secretsOf = ({ spec }: BackupPolicy): NamedSecret[] => {
  const { encryption, components, tiers, jobs } = spec;
  return [
    ...one('spec.encryption.signingKeySecretRef', encryption.signingKeySecretRef),
    ...state(spec),
    ...components.flatMap(({ name, postgresql }) =>
      postgresql === undefined
        ? []
        : [
            ...login(`connection.credentialsSecretRef of the component "${name}"`, postgresql.connection.credentialsSecretRef),
            ...one(`connection.caSecretRef of the component "${name}"`, postgresql.connection.caSecretRef),
            ...login(`logical.credentialsSecretRef of the component "${name}"`, postgresql.logical.credentialsSecretRef),
          ],
    ),
    ...tiers.flatMap(({ name, s3 }) => [
      ...(s3?.credentialsSecretRef === undefined
        ? []
        : [
            {
              name: s3.credentialsSecretRef.name,
              keys: ['accessKeyId', 'secretAccessKey'],
              field: `s3.credentialsSecretRef of the tier "${name}"`,
            },
          ]),
      ...one(`s3.caSecretRef of the tier "${name}"`, s3?.caSecretRef),
    ]),
    ...(jobs.imagePullSecrets ?? []).map(({ name }) => ({ name, keys: [], field: 'spec.jobs.imagePullSecrets' })),
  ];
};
