// A playbook on one page.
import { stringify } from 'yaml';
import type { Colours } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import type { Disaster } from './disasters.ts';
import type { Names } from './names.ts';

export const playbookPage = ({ title, first, steps, manifest, about }: Disaster, names: Names, { bold, red, cyan }: Colours): string => {
  const numbered = steps(names).flatMap(({ what, commands }, at) => [
    `${at + 1}. ${what}:`,
    ...commands.map((command) => `   ${cyan(oneLine(command))}`),
    '',
  ]);
  return [
    bold(red(title)),
    oneLine(`Policy ${names.namespace}/${names.policy}, tiers ${names.tiers.join(', ')}.`),
    ...(names.contacts.length === 0 ? [] : [`Tell: ${names.contacts.join(', ')}`]),
    '',
    bold('First'),
    ...first.map((each) => `- ${each}`),
    '',
    bold('Then'),
    ...numbered,
    bold(`restore.yaml: ${about}`),
    stringify(manifest(names), { lineWidth: 0 }),
  ].join('\n');
};
