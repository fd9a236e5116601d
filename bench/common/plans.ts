// What the plans of all verbs have in common.
import type { TierPlan } from '../../src/api/agent.ts';
import type { Target, Turn } from './contestant.ts';
import { bucket } from './s3.ts';
import { keysDirectory } from './keys.ts';
import type { Keys } from './keys.ts';
import { join } from 'node:path';

type Place = Pick<Turn, 's3' | 'directory' | 'prefix'>;

export const tierOf = (target: Target, { s3, directory, prefix }: Place): TierPlan => ({
  name: 'primary',
  location:
    target === 'directory'
      ? { kind: 'directory', directory: join(directory, 'repository') }
      : {
          kind: 's3',
          bucket,
          prefix,
          region: 'us-east-1',
          endpoint: `https://127.0.0.1:${s3.port}`,
          forcePathStyle: true,
          credentialsDirectory: s3.credentialsDirectory,
          caFile: s3.caFile,
        },
});

// Where the stored objects are plain files.
export const repositoryOf = (target: Target, { s3, directory, prefix }: Place): string =>
  target === 'directory' ? join(directory, 'repository') : join(s3.bucketDirectory, prefix);

export const policyOf = ({ verificationKey }: Keys) => ({
  policy: { namespace: 'bench', name: 'bench' },
  clusterId: '6f0e4c52-8d0e-4a53-9d0e-1f6f4a2f8f10',
  verificationKeys: [verificationKey],
});

export const serverOf = (port: number, database: string) => ({
  version: 17,
  host: '127.0.0.1',
  port,
  database,
  sslMode: 'disable' as const,
  credentialsDirectory: keysDirectory,
});
