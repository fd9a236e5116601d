// Every generated file.
import { alertsDocs } from './alerts-docs.ts';
import { apiDocs } from './api-docs.ts';
import { conditionsDocs } from './conditions-docs.ts';
import { crdYaml } from './crd.ts';
import type { GeneratedFile } from './files.ts';
import { kinds } from './kinds.ts';
import { valuesSchema } from './values-schema.ts';

const crdFile = (plural: string) => `holdfast.dev_${plural}.yaml`;

// The CRDs twice: for `kubectl apply -f crds/`, and in the chart.
const crds = (): GeneratedFile[] =>
  kinds.flatMap((kind) => {
    const text = crdYaml(kind);
    return ['crds', 'charts/holdfast/crds'].map((folder) => ({ path: `${folder}/${crdFile(kind.plural)}`, text }));
  });

export const outputs = (): GeneratedFile[] => [
  ...crds(),
  { path: 'charts/holdfast/values.schema.json', text: valuesSchema() },
  { path: 'docs/alerts.md', text: alertsDocs() },
  { path: 'docs/api.md', text: apiDocs() },
  { path: 'docs/conditions.md', text: conditionsDocs() },
];
