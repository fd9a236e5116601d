// Parts that several plans share: a tier and a server, their Secrets replaced by the paths where they are mounted.
import { mountPath } from '../../api/agent.ts';
import type { PostgresqlSource, TierPlan } from '../../api/agent.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { Component } from '../../api/policy.ts';
import type { Tier } from '../../api/tier.ts';

// One prefix is one repository is one policy.
export const tierPlan = ({ metadata }: BackupPolicy, { name, s3 }: Tier): TierPlan => {
  const ownPrefix = `${metadata.namespace}/${metadata.name}`;
  if (s3 === undefined) {
    return { name, location: { kind: 'directory', directory: `${mountPath.tier(name)}/${ownPrefix}` } };
  }
  const { bucket, prefix = ownPrefix, region, endpoint, forcePathStyle, credentialsSecretRef, caSecretRef } = s3;
  return {
    name,
    location: {
      kind: 's3',
      bucket,
      prefix,
      region,
      forcePathStyle,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentialsSecretRef === undefined ? {} : { credentialsDirectory: mountPath.tierCredentials(name) }),
      ...(caSecretRef === undefined ? {} : { caFile: mountPath.tierCa(name) }),
    },
  };
};

export const postgresqlSource = ({ postgresql }: Component): PostgresqlSource | undefined => {
  if (postgresql === undefined) {
    return undefined;
  }
  const { version, connection, physical, logical } = postgresql;
  const ownLogin = logical.credentialsSecretRef !== undefined;
  return {
    version,
    host: connection.host,
    port: connection.port,
    database: connection.database,
    sslMode: connection.sslMode,
    ...(connection.caSecretRef === undefined ? {} : { caFile: mountPath.sourceCa }),
    credentialsDirectory: mountPath.sourceCredentials,
    physical: physical.enabled,
    logical: {
      enabled: logical.enabled,
      databases: logical.databases,
      globals: logical.globals,
      credentialsDirectory: ownLogin ? mountPath.logicalCredentials : mountPath.sourceCredentials,
    },
  };
};
