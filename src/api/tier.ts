// Where backups are kept: a volume of the cluster or an S3 bucket.
import { z } from 'zod';
import { labelName, objectName, quantity, secretKeyRef, secretRef, withRules } from './common.ts';

const volume = withRules(
  z.object({
    claimName: objectName().optional().describe('An existing PersistentVolumeClaim.'),
    size: quantity()
      .optional()
      .describe('Size of a claim that Holdfast makes, named `<policy>-<tier>`. It has no owner: it outlives the policy.'),
    storageClassName: objectName()
      .optional()
      .describe('Storage class of the claim that Holdfast makes. Default: the class of the cluster.'),
  }),
  [
    {
      rule: 'has(self.claimName) != has(self.size)',
      message: 'persistentVolumeClaim: set exactly one of claimName (a claim that exists) and size (Holdfast makes one)',
    },
    {
      rule: '!has(self.storageClassName) || has(self.size)',
      message: 'storageClassName goes with size: an existing claim has its class already',
    },
  ],
);

const s3 = withRules(
  z.object({
    bucket: z
      .string()
      .min(3)
      .max(63)
      .regex(/^[a-z0-9][a-z0-9.-]*[a-z0-9]$/)
      .describe('Name of the bucket. It must exist.'),
    prefix: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/)
      .optional()
      .describe(
        'Where this policy lives in the bucket, without a slash at either end. Default: `<namespace>/<policy>`. One prefix belongs to one policy.',
      ),
    region: z
      .string()
      .min(1)
      .max(40)
      .regex(/^[a-z0-9-]+$/)
      .default('us-east-1')
      .describe('Region of the bucket.'),
    endpoint: z
      .string()
      .min(8)
      .max(253)
      .regex(/^https?:\/\/[^/?#@]+$/)
      .optional()
      .describe('Address of the S3 service, such as `https://s3.example.org`. Default: that of AWS for the region.'),
    forcePathStyle: z.boolean().default(true).describe('Bucket in the path (`https://host/bucket`), not in the host name.'),
    credentialsSecretRef: secretRef(
      'Secret with the keys `accessKeyId` and `secretAccessKey`, and `sessionToken` where there is one. Without it the agent uses the identity of its ServiceAccount.',
    ).optional(),
    caSecretRef: secretKeyRef('PEM certificates that the service is checked against. Default: those of the system.', 'ca.crt').optional(),
  }),
  [
    {
      rule: "!has(self.prefix) || !self.prefix.split('/').exists(p, p == '.' || p == '..')",
      message: 's3.prefix must not hold the parts "." or ".."; write the plain path',
    },
    {
      rule: "!has(self.caSecretRef) || (has(self.endpoint) && self.endpoint.startsWith('https://'))",
      message: 's3.caSecretRef goes with an https:// endpoint',
    },
  ],
);

export const tierSchema = withRules(
  z.object({
    name: labelName(20).describe('Name of the tier, such as `local` or `cloud`.'),
    persistentVolumeClaim: volume.optional().describe('A volume of this cluster.'),
    s3: s3.optional().describe('A bucket of an S3 service.'),
    serviceAccountName: objectName()
      .optional()
      .describe('ServiceAccount of the pods that write this tier. Default: `jobs.serviceAccountName`.'),
  }),
  [
    {
      rule: 'has(self.persistentVolumeClaim) != has(self.s3)',
      message: 'a tier is exactly one of persistentVolumeClaim and s3',
    },
  ],
);

export type Tier = z.output<typeof tierSchema>;
