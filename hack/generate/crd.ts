// The CustomResourceDefinition of one kind, as YAML.
import { stringify } from 'yaml';
import { rulesKey } from '../../src/api/common.ts';
import { group, version } from '../../src/api/group.ts';
import type { Kind } from './kinds.ts';
import { type Schema, structuralSchema } from './schema.ts';

const header = '# Made by hack/generate.ts from src/api. Do not edit.\n';
// Two CRDs go into one chart; each one stays far below the limit of etcd and of the annotation that `kubectl apply` writes.
const largestBytes = 150_000;

// Until the operator has looked at an object, its status must not look as if there were nothing to wait for: kstatus takes an object without
// conditions for finished, unless it observes an older generation.
const statusDefault = { observedGeneration: -1 };

// The schema of the whole object.
export const rootSchema = ({ description, spec, status, rules }: Kind): Schema => ({
  type: 'object',
  description,
  properties: {
    apiVersion: { type: 'string', description: 'Version of the API.' },
    kind: { type: 'string', description: 'Kind of the resource.' },
    // Its name is declared so that rules may point at it.
    metadata: { type: 'object', properties: { name: { type: 'string' } } },
    spec: { ...structuralSchema(spec), description: 'What is wanted. People write it.' },
    status: { ...structuralSchema(status), default: statusDefault, description: 'What is. The operator writes it.' },
  },
  required: ['spec'],
  ...(rules.length > 0 && { [rulesKey]: rules }),
});

export const crdName = ({ plural }: Kind): string => `${plural}.${group}`;

export const crdYaml = (kind: Kind): string => {
  const text =
    header +
    stringify(
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: crdName(kind), labels: { 'app.kubernetes.io/name': 'holdfast' } },
        spec: {
          group,
          scope: 'Namespaced',
          names: {
            kind: kind.kind,
            listKind: `${kind.kind}List`,
            plural: kind.plural,
            singular: kind.singular,
            shortNames: [kind.shortName],
            categories: ['holdfast'],
          },
          versions: [
            {
              name: version,
              served: true,
              storage: true,
              subresources: { status: {} },
              additionalPrinterColumns: kind.columns,
              schema: { openAPIV3Schema: rootSchema(kind) },
            },
          ],
        },
      },
      // Kubernetes reads YAML 1.1, where a bare Off is false.
      { aliasDuplicateObjects: false, lineWidth: 0, compat: 'yaml-1.1' },
    );
  if (text.length > largestBytes) {
    throw new Error(
      `The CRD of ${kind.kind} has ${text.length} bytes, more than ${largestBytes}. Shorten descriptions or bounds in src/api.`,
    );
  }
  return text;
};
