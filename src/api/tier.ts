// Where backups are kept: a volume of the cluster or an S3 bucket.
import { z } from 'zod';
import { formatted, labelName, objectName, secretKeyRef, secretRef, size, withRules } from './common.ts';

const volume = withRules(
  z.object({
    claimName: objectName().optional().describe('An existing PersistentVolumeClaim.'),
    size: size()
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

const bucket = () =>
  withRules(
    formatted(
      63,
      /^[a-z0-9][a-z0-9.-]*[a-z0-9]$/,
      'write the name of a bucket only: lower-case letters, digits, "-" and "."; no s3://, and folders go into prefix',
    ),
    [{ rule: "self.size() >= 3 && !self.contains('..')", message: 'a bucket name has 3 to 63 characters and no ".."' }],
  );

const prefixMessage =
  'write folders joined by single slashes, such as "backups/shop": letters, digits, ".", "_" and "-", and no slash at either end';
const endpointMessage =
  'write scheme, host and, where needed, port, such as https://s3.example.org:9000: no path, no slash at the end, no user or password, no bucket';

const s3 = withRules(
  z.object({
    bucket: bucket().describe('Name of the bucket. It must exist.'),
    prefix: formatted(200, /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/, prefixMessage)
      .optional()
      .describe(
        'Where this policy lives in the bucket, without a slash at either end. Default: `<namespace>/<policy>`. One prefix belongs to one policy.',
      ),
    region: formatted(40, /^[a-z0-9-]+$/, 'write the id of a region, such as eu-central-1')
      .default('us-east-1')
      .describe('Region of the bucket.'),
    endpoint: formatted(
      253,
      /^https?:\/\/[A-Za-z0-9._-]+(:[0-9]{1,5})?$|^https?:\/\/\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?$/,
      endpointMessage,
      "self.contains('@')",
    )
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
      rule: "!has(self.endpoint) || !self.endpoint.contains('@')",
      message:
        's3.endpoint must not hold a user or password: put them into the Secret of s3.credentialsSecretRef, and change the password, since it was sent to the cluster just now',
    },
    {
      rule: "!has(self.prefix) || !self.prefix.split('/').exists(p, p == '.' || p == '..')",
      message: 's3.prefix must not hold the parts "." or "..": write the plain path, such as "backups/shop"',
    },
    {
      rule: "!has(self.caSecretRef) || (has(self.endpoint) && self.endpoint.startsWith('https://'))",
      message: 's3.caSecretRef goes with an https:// endpoint: set endpoint, or take caSecretRef away',
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
      message: 'a tier is exactly one of persistentVolumeClaim and s3: for both, write two tiers',
    },
  ],
);

export type Tier = z.output<typeof tierSchema>;
