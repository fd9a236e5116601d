// Policies and Backups whose pods cannot start, and their conditions as a test compares them.
import { publicKey } from '../api/right-inputs.ts';
import { recipient } from '../core/fixtures.ts';

export const database = (name: string, secret = 'login') => ({
  name,
  postgresql: { version: 17, connection: { host: 'nowhere', sslMode: 'disable', credentialsSecretRef: { name: secret } } },
});
export const policy = (name: string, spec: object = {}) => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'BackupPolicy',
  metadata: { name },
  spec: {
    components: [database('db'), database('mail', 'absent')],
    encryption: {
      recipients: [recipient],
      signingKeySecretRef: { name: 'signing' },
      verificationKeys: [{ id: '1aadab43b19edab5', key: publicKey }],
    },
    tiers: [{ name: 'cloud', s3: { bucket: 'nothing', endpoint: 'http://nowhere' } }],
    jobs: { deadlines: { start: '20s' }, resources: { requests: { cpu: '1m', memory: '1Mi' } } },
    ...spec,
  },
});
export const backup = (name: string, policyName = 'shop', spec: object = {}) => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'Backup',
  metadata: { name },
  spec: { policyRef: { name: policyName }, ...spec },
});
type Conditions = { type: string; status: string; reason: string; message: string }[] | undefined;
export const conditionsOf = (conditions: Conditions): Record<string, string> =>
  Object.fromEntries((conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]));
export const messageOf = (conditions: Conditions): string => conditions?.find(({ type }) => type === 'Ready')?.message ?? '';

export const secondsBetween = (from: string | undefined, to: string | undefined): number =>
  (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000;
