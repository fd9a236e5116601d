// The schema of the chart's values. Unknown keys are refused at every level; a policy's spec comes from the same zod schema as the CRD.
import { z } from 'zod';
import { policySpecSchema } from '../../src/api/policy.ts';

type Json = Record<string, unknown>;

const object = (properties: Json, more: Json = {}): Json => ({ type: 'object', additionalProperties: false, properties, ...more });
const text = { type: 'string' };
const texts = { type: 'object', additionalProperties: { type: 'string' } };
const anything = { type: 'object' };
const list = (items: Json): Json => ({ type: 'array', items });
const image = { type: 'string', pattern: '^[^\\s@]+[:@][^\\s]+$' };

// JSON Schema of a policy's spec, as Helm checks it before anything reaches the cluster. Rules in CEL are the API server's.
const policySpec = (): Json => {
  const { $schema: _, ...schema } = z.toJSONSchema(policySpecSchema, {
    target: 'draft-7',
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema }) => {
      const json = jsonSchema as Json;
      if (json['properties'] !== undefined) {
        json['additionalProperties'] = false;
      }
      for (const key of Object.keys(json).filter((name) => name.startsWith('x-kubernetes-'))) {
        delete json[key];
      }
    },
  }) as Json;
  return schema;
};

const secretRef = object({ name: { type: 'string', minLength: 1 }, key: { type: 'string', minLength: 1 } }, { required: ['name', 'key'] });
const address = { type: 'string', pattern: '^[^\\s<>@,;:"]+@[^\\s<>@,;:"]+$' };

// The same rules as those of the mounted file (src/notify/settings.ts); Secrets stand in the place of files.
const notify = (): Json =>
  object({
    smtp: object(
      {
        host: { type: 'string', minLength: 1 },
        port: { type: 'integer', minimum: 1, maximum: 65_535 },
        tls: { enum: ['StartTLS', 'Implicit'] },
        from: { type: 'string', pattern: '^([^<>@,;:"]+ )?<?[^\\s<>@,;:"]+@[^\\s<>@,;:"]+>?$' },
        user: { type: 'string', minLength: 1 },
        passwordSecretRef: secretRef,
        caSecretRef: secretRef,
      },
      { dependencies: { user: ['passwordSecretRef'], passwordSecretRef: ['user'], host: ['from'], from: ['host'], port: ['host'] } },
    ),
    routes: {
      type: 'object',
      additionalProperties: false,
      patternProperties: {
        '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$': object({
          email: object({ to: { type: 'array', items: address, minItems: 1, maxItems: 20 } }, { required: ['to'] }),
          heartbeat: object(
            { urlSecretRef: secretRef, method: { enum: ['GET', 'POST'] }, fail: { type: 'boolean' } },
            { required: ['urlSecretRef'] },
          ),
        }),
      },
    },
  });

const monitor = object({ enabled: { type: 'boolean' }, interval: { type: 'string', pattern: '^[1-9][0-9]*(s|m)$' }, labels: texts });

const policy = (): Json =>
  object(
    {
      name: { type: 'string', maxLength: 32 },
      namespace: text,
      labels: texts,
      annotations: texts,
      spec: policySpec(),
    },
    { required: ['name', 'spec'] },
  );

export const valuesSchema = (): string => {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart holdfast',
    ...object({
      // Helm gives every chart this key.
      global: anything,
      image: object({
        repository: { type: 'string', pattern: '^([^\\s:@]+(:[0-9]+/[^\\s:@]+)?)?$' },
        tag: text,
        digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
        pullPolicy: { enum: ['IfNotPresent', 'Always', 'Never'] },
      }),
      imagePullSecrets: list(object({ name: text }, { required: ['name'] })),
      agent: object({
        images: { type: 'object', additionalProperties: false, patternProperties: { '^1[3-8]$': image } },
      }),
      operator: object({
        replicas: { type: 'integer', minimum: 1, maximum: 5 },
        logLevel: { enum: ['error', 'warn', 'info', 'debug'] },
        resources: object({ requests: anything, limits: anything, claims: list(anything) }),
        nodeSelector: texts,
        tolerations: list(anything),
        affinity: anything,
        priorityClassName: text,
        podLabels: texts,
        podAnnotations: texts,
      }),
      notify: notify(),
      metrics: object({
        service: object({ enabled: { type: 'boolean' }, annotations: texts }),
        serviceMonitor: monitor,
        podMonitor: monitor,
      }),
      serviceAccount: object({ name: text, annotations: texts }),
      rbac: object({ aggregate: { type: 'boolean' } }),
      admission: object({ enabled: { type: 'boolean' } }),
      crds: object({ upgrade: { type: 'boolean' } }),
      uninstall: object({ dropSlots: { type: 'boolean' } }),
      policies: list(policy()),
    }),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
};
