// What is said of an adopted bucket. No secret is among it.
import { catalogueEntry } from '../list/catalogue.ts';
import { catalogueTable } from '../list/catalogue-table.ts';
import type { Io } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import { renderTable } from '../common/table.ts';
import { secretNames, unknownHost } from './objects.ts';
import type { Ingredients, Wanted } from './objects.ts';

const writerText = ({ facts: { writer } }: Ingredients): string =>
  oneLine(`the policy ${writer.namespace}/${writer.name} of the cluster ${writer.clusterId} (epoch ${writer.epoch})`);

export const tellCatalogue = (of: Ingredients, io: Io): void => {
  const { facts } = of;
  io.out(`The repository ${facts.repositoryId}, written by ${writerText(of)}:\n\n`);
  io.out(catalogueTable(facts.entries.map(catalogueEntry).toReversed(), { wide: false, colours: io.colours }));
  io.out('\n');
};

const safeText = ({ signing: { verificationKey } }: Ingredients): string =>
  [
    'Into the safe, as one more line of identity.txt: what is backed up from here after a take-over is signed by a new key.',
    `# verification key: ${verificationKey.id} ${verificationKey.key}`,
  ].join('\n');

export const tellPrinted = (of: Ingredients, io: Io): void => {
  const verified = of.facts.entries.filter(({ verdict }) => verdict === 'Passed').length;
  io.err(`${verified} of ${of.facts.entries.length} backups verify. Nothing was made. What was printed holds secrets: not into git.\n`);
  io.err(`${safeText(of)}\n`);
};

export const tellMade = (of: Ingredients, wanted: readonly Wanted[], dryRun: boolean, io: Io): void => {
  const { namespace, name, credentials } = of;
  const { bold } = io.colours;
  const temporary = 'values' in credentials && credentials.values['sessionToken'] !== undefined;
  const list = renderTable(
    { head: ['KIND', 'NAME', 'WHAT FOR'], rows: wanted.map(({ object, what }) => [object.kind, object.metadata.name, what]) },
    { colours: io.colours, indent: '  ' },
  );
  io.out(
    dryRun
      ? `Would be made in the namespace ${namespace}; nothing was:\n`
      : `Made in the namespace ${namespace}; nothing was written to the bucket:\n`,
  );
  io.out(list);
  if (temporary) {
    io.err('The credentials are temporary (they have a session token): replace them in the Secret before they expire.\n');
  }
  if (!dryRun) {
    io.out(
      `\n${safeText(of)}\n\n${bold('Next:')}\n${nextSteps(of, name, namespace)
        .map((line) => `  ${line}\n`)
        .join('')}`,
    );
  }
};

const nextSteps = ({ facts }: Ingredients, name: string, namespace: string): string[] => [
  '# The catalogue, once the operator has read it; and for Restores the identity',
  `kubectl holdfast status ${name} -n ${namespace}`,
  `kubectl create secret generic identity -n ${namespace} --from-file=identity=identity.txt`,
  '# A Restore into a new claim works from here on (docs/restore.md).',
  ...facts.components.map(
    (component) =>
      `# Of the server of "${component.name}" nothing is known: before a restore in place or a backup, put its address in the place of ${unknownHost}, and make the Secrets ${secretNames(name).login(component.name)} (username, password) and ${secretNames(name).serverCa(component.name)} (ca.crt).`,
  ),
  '# To go on with the backups from here; then set spec.suspend to false',
  `kubectl holdfast adopt ${name} -n ${namespace} --take-over --confirm ${namespace}/${name}`,
];
