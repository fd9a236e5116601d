// A policy that names every Secret it can, and the Jobs made from it.
import type { V1Job, V1PodSpec } from '@kubernetes/client-node';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { buildJob } from '../../src/controllers/jobs/job.ts';
import type { RestoreRecord } from '../../src/api/stored/audit.ts';
import type { JobRequest, JobVerb } from '../../src/core/jobs/request.ts';
import { backupIdOf, jobName } from '../../src/core/plan/names.ts';
import { makeBackup, makePolicy, start } from '../core/fixtures.ts';

const settings = {
  agentImages: new Map([
    [15, 'registry/agent-15:1'],
    [17, 'registry/agent-17:1'],
  ]),
  clusterId: 'cluster-uid',
};
// Those of a Restore have cases of their own.
export const verbs: Exclude<JobVerb, 'recover'>[] = ['dump', 'seal', 'check', 'logs', 'copy', 'inspect', 'adopt', 'receive', 'audit'];
export const run = { name: 'shop-first', id: backupIdOf(start, 'Full', '3f9a1c04'), slot: '2026-11-22T02:00:00Z', type: 'Full' as const };

// Every Secret that a policy can name, each with a name of its own.
export const everything = (spec: object = {}): BackupPolicy =>
  makePolicy({
    components: [
      {
        name: 'db',
        postgresql: {
          version: 15,
          connection: {
            host: 'postgres',
            sslMode: 'verify-full',
            caSecretRef: { name: 'secret-of-source-ca', key: 'root.pem' },
            credentialsSecretRef: { name: 'secret-of-source', usernameKey: 'user', passwordKey: 'pass' },
          },
          logical: { credentialsSecretRef: { name: 'secret-of-logical' } },
          walArchive: { acknowledge: ['cloud'], flushInterval: '1m30s', maxRetained: '1Gi' },
        },
      },
      {
        name: 'plain',
        postgresql: {
          version: 17,
          connection: { host: 'postgres', sslMode: 'disable', credentialsSecretRef: { name: 'secret-of-plain' } },
        },
      },
    ],
    encryption: {
      recipients: ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'],
      stateIdentitySecretRef: { name: 'secret-of-state' },
      signingKeySecretRef: { name: 'secret-of-signing', key: 'ed25519.pem' },
      verificationKeys: [{ id: '0123456789abcdef', key: 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=' }],
    },
    tiers: [
      { name: 'local', persistentVolumeClaim: { claimName: 'volume' }, serviceAccountName: 'writer-local' },
      {
        name: 'cloud',
        s3: {
          bucket: 'holdfast',
          endpoint: 'https://s3.example.org',
          credentialsSecretRef: { name: 'secret-of-cloud' },
          caSecretRef: { name: 'secret-of-cloud-ca' },
        },
        serviceAccountName: 'writer-cloud',
      },
      { name: 'made', persistentVolumeClaim: { size: '1Gi' } },
    ],
    ...spec,
  });

// What is written down of a Restore.
export const record: RestoreRecord = {
  restore: { namespace: 'shop', name: 'back', uid: '3f9a1c04-1111', createdTime: '2026-11-22T02:00:00Z' },
  policy: 'shop',
  safetyBackup: 'Required',
  verifiedBefore: true,
  components: [],
  stopped: [],
  outcome: 'Complete',
  endTime: '2026-11-22T02:09:00Z',
};

const tierOf = (verb: JobVerb): string => (verb === 'copy' ? 'cloud' : 'local');

const requestFor = (verb: JobVerb, facts: Partial<JobRequest> = {}): JobRequest => ({
  name: jobName('shop', '3f9a1c04', verb === 'dump' ? 'dump-db' : verb, 1),
  verb,
  attempt: 1,
  owner: ['copy', 'inspect', 'adopt', 'receive'].includes(verb) ? 'BackupPolicy' : 'Backup',
  tier: tierOf(verb),
  ...(['inspect', 'adopt', 'receive', 'audit'].includes(verb) ? {} : { backup: run }),
  ...(verb === 'dump' || verb === 'receive' ? { component: 'db' } : {}),
  ...(verb === 'receive' ? { receive: { mode: 'Once' } } : {}),
  ...(verb === 'seal' ? { components: [{ name: 'db', attempt: 1 }], failed: [] } : {}),
  ...(verb === 'audit' ? { record } : {}),
  ...facts,
});

export const build = (
  verb: JobVerb,
  facts: Partial<JobRequest> = {},
  policy = everything(),
  owner: Backup | BackupPolicy = makeBackup(),
): V1Job => buildJob(requestFor(verb, facts), policy, owner, settings);
export const podOf = (job: V1Job): V1PodSpec => job.spec?.template.spec as V1PodSpec;
export const containerOf = (job: V1Job) => {
  const [container, ...others] = podOf(job).containers;
  if (container === undefined || others.length > 0) {
    throw new Error('A pod of ours has one container');
  }
  return container;
};
export const planOf = (job: V1Job) => JSON.parse(containerOf(job).env?.[0]?.value ?? '');
