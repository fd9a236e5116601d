// Parts that several plans share: a tier and a server, their Secrets replaced by the paths where they are mounted.
import { mountPath } from '../../api/agent.ts';
import type { PostgresqlSource, TierPlan, WalSource } from '../../api/agent.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { Component } from '../../api/policy.ts';
import type { SlotFacts } from '../../api/slot-status.ts';
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

type Connection = SlotFacts['connection'];

// Where the Secrets of one server are mounted.
export type SourcePaths = { credentials: string; ca: string };

const usualPaths: SourcePaths = { credentials: mountPath.sourceCredentials, ca: mountPath.sourceCa };

// How to reach a server.
export const walSource = (
  version: number,
  { host, port, database, sslMode, caSecretRef }: Connection,
  paths: SourcePaths = usualPaths,
): WalSource => ({
  version,
  host,
  port,
  database,
  sslMode,
  ...(caSecretRef === undefined ? {} : { caFile: paths.ca }),
  credentialsDirectory: paths.credentials,
});

export const postgresqlSource = ({ postgresql }: Component): PostgresqlSource | undefined => {
  if (postgresql === undefined) {
    return undefined;
  }
  const { version, connection, physical, logical } = postgresql;
  const ownLogin = logical.credentialsSecretRef !== undefined;
  return {
    ...walSource(version, connection),
    physical: physical.enabled,
    logical: {
      enabled: logical.enabled,
      databases: logical.databases,
      globals: logical.globals,
      credentialsDirectory: ownLogin ? mountPath.logicalCredentials : mountPath.sourceCredentials,
    },
  };
};
