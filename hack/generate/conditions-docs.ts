// docs/conditions.md: conditions, reasons and kinds of failure, with what to do.
import { categories } from '../../src/api/categories.ts';
import { conditionTypes, reasons } from '../../src/api/conditions.ts';
import { table } from './markdown.ts';

const intro = `# Conditions, reasons, kinds of failure

<!-- Made by hack/generate.ts from src/api/conditions.ts and src/api/categories.ts. Do not edit. -->

Wait in a script: \`kubectl holdfast wait backup/NAME\` or \`policy/NAME\` ends at once when that can no longer come by itself, with 1 and the reason.
\`kubectl wait --for=condition=Succeeded backup/NAME --timeout=1h\` works too (so does \`Ready\`, of a policy and of a Backup), but knows only \`True\`: after a run that
failed it waits out its time. Such a run has \`Stalled=True\`, which tools that know kstatus (Flux, Argo CD, \`helm --wait\`) take as the end.
`;

const code = (text: string): string => `\`${text}\``;

export const conditionsDocs = (): string =>
  [
    intro.trimEnd(),
    '## Conditions',
    table(
      ['Condition', 'Meaning'],
      Object.entries(conditionTypes).map(([type, meaning]) => [code(type), meaning]),
    ),
    'How a Backup ended:',
    table(
      ['Outcome', 'Succeeded', 'Ready', 'Stalled', 'Meaning'],
      [
        ['running', 'Unknown', 'False', 'absent', '`Reconciling=True`'],
        ['Complete', 'True', 'True', 'absent', 'Every component is sealed on the primary tier. Copies are the condition `Replicated`.'],
        ['PartiallyFailed', 'False', 'False', 'True', 'Restorable in part; each part is named.'],
        ['Failed', 'False', 'False', 'True', 'Nothing usable.'],
      ],
    ),
    '## Reasons',
    table(
      ['Reason', 'Meaning', 'What to do'],
      Object.entries(reasons).map(([reason, { meaning, remedy }]) => [code(reason), meaning, remedy]),
    ),
    '## Kinds of failure',
    'The field `category` of a component in `status`, and the exit code of the agent.',
    table(
      ['Category', 'Exit code', 'Meaning'],
      Object.entries(categories).map(([name, { exitCode, meaning }]) => [code(name), String(exitCode), meaning]),
    ),
    '',
  ].join('\n\n');
