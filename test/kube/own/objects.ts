// Policies and Backups for operators without a kubelet: their Jobs are made and stay as they are.
import { publicKey } from '../../api/right-inputs.ts';
import { recipient } from '../../core/fixtures.ts';

export const everyMinute = { full: { cron: '* * * * *' } };

export const policyIn = (namespace: string, spec: object = {}) => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'BackupPolicy',
  metadata: { name: 'shop', namespace },
  spec: {
    components: [
      { name: 'db', postgresql: { version: 17, connection: { host: 'db', sslMode: 'disable', credentialsSecretRef: { name: 'login' } } } },
    ],
    encryption: {
      recipients: [recipient],
      signingKeySecretRef: { name: 'signing' },
      verificationKeys: [{ id: '1aadab43b19edab5', key: publicKey }],
    },
    tiers: [{ name: 'cloud', s3: { bucket: 'nothing', endpoint: 'http://nowhere' } }],
    ...spec,
  },
});

export const backupIn = (namespace: string, name: string) => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'Backup',
  metadata: { name, namespace },
  spec: { policyRef: { name: 'shop' } },
});
