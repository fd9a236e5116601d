// docs/api.md: every field of every kind, its bounds, and the rules in words.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { group, version } from '../../src/api/group.ts';
import { rootSchema } from './crd.ts';
import { boundsInWords, defaultInWords, typeInWords } from './field-words.ts';
import { type Field, fieldsOf, rulesOf } from './fields.ts';
import { type Kind, kinds } from './kinds.ts';
import { table } from './markdown.ts';
import type { Schema } from './schema.ts';

const root = join(import.meta.dirname, '../..');

const intro = `# The API

<!-- Made by hack/generate.ts from src/api. Do not edit. -->

Group \`${group}\`, version \`${version}\`. All kinds live in a namespace, and refer only to objects of the same namespace. \`kubectl get holdfast\` shows them all;
\`kubectl explain ${kinds[0]?.singular}.spec --recursive\` shows the fields in a terminal. What the conditions mean is in [conditions.md](conditions.md).

The API server checks everything below when a resource is written. Fields that do not exist are refused by \`kubectl\` and by Helm; other clients must ask for it
(\`fieldValidation=Strict\`), else the API server drops them.
`;

const sample: Record<string, string> = { BackupPolicy: 'policy-shop.yaml', Backup: 'backup.yaml', Restore: 'restore.yaml' };

export const apiDocs = (): string => [intro, ...kinds.map(kindSection)].join('\n');

const kindSection = (kind: Kind): string => {
  const schema = rootSchema(kind);
  const spec = schema.properties?.['spec'] as Schema;
  const status = schema.properties?.['status'] as Schema;
  const example = readFileSync(join(root, 'manifests/samples', sample[kind.kind] as string), 'utf8').trim();
  return [
    `## ${kind.kind}`,
    `${kind.description} Short name \`${kind.shortName}\`.`,
    '```yaml\n' + example + '\n```',
    '### spec',
    table(['Field', 'Type', 'Default', 'Bounds', 'Meaning'], fieldsOf(spec, 'spec').map(specRow)),
    '### Rules',
    'Where one is broken, the API server answers with this text.',
    rulesList({ ...schema, properties: { spec } }),
    '### status',
    'The operator writes it. Fields that are not known yet are absent, never 0.',
    table(['Field', 'Type', 'Meaning'], fieldsOf(status, 'status').map(statusRow)),
    '### Columns of `kubectl get`',
    table(
      ['Column', 'Meaning', 'Shown'],
      kind.columns.map(({ name, description, priority }) => [name, description, priority === 1 ? '`-o wide`' : 'always']),
    ),
    '',
  ].join('\n\n');
};

const specRow = ({ path, required, schema }: Field): string[] => [
  `\`${path}\`${required ? ' (required)' : ''}`,
  typeInWords(schema),
  defaultInWords(schema),
  boundsInWords(schema),
  schema.description ?? '',
];

const statusRow = ({ path, schema }: Field): string[] => [`\`${path}\``, typeInWords(schema), schema.description ?? ''];

// One line for each message, with all the places that it is for.
const rulesList = (schema: Schema): string => {
  const places = Map.groupBy(rulesOf(schema, ''), ({ rule }) => rule.message);
  const lines = [...places].map(([message, rules]) => `- ${[...new Set(rules.map(({ path }) => `\`${path}\``))].join(', ')}: ${message}`);
  return lines.length === 0 ? 'None.' : lines.join('\n');
};
