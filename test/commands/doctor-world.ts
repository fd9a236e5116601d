// A cluster in which all is well, as a doctor sees it. Values of Secrets are canaries.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { makePolicy } from '../core/fixtures.ts';
import type { Item } from './api-server.ts';
import { root } from './capture.ts';
import { completeBackup, condition, healthyPolicy, now } from './examples.ts';
import { items } from './play.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const verificationKey = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
export const base64 = (text: string): string => Buffer.from(text).toString('base64');

export const inNamespace = (name: string, more: object, namespace = 'shop'): Item =>
  ({ metadata: { name, namespace, uid: `uid of ${name}`, creationTimestamp: '2026-11-20T12:00:00Z' }, ...more }) as Item;
export const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
const operatorLabels = { 'app.kubernetes.io/name': 'holdfast' };
export const labelled = (item: Item, labels: Record<string, string>): Item => ({ ...item, metadata: { ...item.metadata, labels } });
const secret = (name: string, data: Record<string, string>): Item =>
  inNamespace(name, { data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])) });

const policy = (): Item => {
  const { spec } = makePolicy({
    schedules: { full: { cron: '0 2 * * *' }, health: { cron: '0 * * * *' } },
    encryption: {
      recipients: ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'],
      signingKeySecretRef: { name: 'signing' },
      verificationKeys: [{ id: '0123456789abcdef', key: verificationKey }],
    },
  });
  const made = healthyPolicy();
  const tiers = made.status?.tiers?.map((tier) => ({ ...tier, measuredTime: ago(600), restorableTime: '2026-11-22T02:00:03Z' }));
  const [local, ...further] = tiers ?? [];
  const status = {
    ...made.status,
    rpo: { objectiveSeconds: 86_400, restorableTime: '2026-11-22T02:00:03Z', measuredTime: ago(600) },
    tiers: [{ ...local, capacityBytes: 2_000_000_000, freeBytes: 1_500_000_000 }, ...further],
    conditions: [
      ...(made.status?.conditions ?? []),
      condition('OnSchedule', 'True', 'OnTime', 'In time.'),
      condition('RPOMet', 'True', 'RestorePointFresh', 'x'),
    ],
  };
  return { ...made, spec, status };
};

export type World = Record<string, Item[]>;

export const healthy = (): World => ({
  deployments: [
    labelled(
      inNamespace(
        'holdfast',
        {
          spec: {
            replicas: 2,
            template: {
              spec: {
                containers: [
                  {
                    env: [
                      { name: 'AGENT_IMAGES', value: '{"17":"agent:1"}' },
                      { name: 'LEASE_NAME', value: 'lead' },
                    ],
                  },
                ],
              },
            },
          },
          status: { readyReplicas: 2 },
        },
        'holdfast-system',
      ),
      operatorLabels,
    ),
  ],
  leases: [inNamespace('lead', { spec: { holderIdentity: 'holdfast-1', renewTime: ago(8), leaseDurationSeconds: 25 } }, 'holdfast-system')],
  customresourcedefinitions: ['backuppolicies', 'backups', 'restores'].map((name) =>
    parse(readFileSync(join(root, `crds/holdfast.dev_${name}.yaml`), 'utf8')),
  ),
  validatingadmissionpolicybindings: ['holdfast-backups', 'holdfast-policies', 'holdfast-restores'].map((name) =>
    labelled(inNamespace(name, { spec: { validationActions: ['Deny', 'Audit'] } }), operatorLabels),
  ),
  backuppolicies: [policy()],
  backups: items(completeBackup()),
  secrets: [
    secret('signing', { 'signing.key': privateKey.export({ format: 'pem', type: 'pkcs8' }) }),
    secret('login', { username: 'CANARY-user', password: 'CANARY-password' }),
    secret('s3', { accessKeyId: 'CANARY-id', secretAccessKey: 'CANARY-secret' }),
  ],
  persistentvolumeclaims: [inNamespace('shop-local', { status: { phase: 'Bound' } })],
  pods: [],
});

export const first = (world: World, collection: string): Item => world[collection]?.[0] as Item;
