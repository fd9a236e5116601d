// What to do in each kind of disaster: one table. Every command is one that works as it stands, once what is between < and > is filled in.
import { besideAtPoint, besideFromFar, inPlaceAtPoint, newestFromFar } from './manifests.ts';
import type { Names } from './names.ts';

export const disasterNames = ['database-corruption', 'region-loss', 'ransomware', 'accidental-delete', 'credential-compromise'] as const;
export type DisasterName = (typeof disasterNames)[number];

export type Step = { what: string; commands: string[] };

export type Disaster = {
  title: string;
  // Before anything else.
  first: string[];
  steps: (names: Names) => Step[];
  manifest: (names: Names) => object;
  about: string;
};

const status = ({ policy, namespace }: Names): string => `kubectl holdfast status ${policy} -n ${namespace}`;
const list = ({ from }: Names): string => `kubectl holdfast list --from ${from} --verification-key identity.txt --check`;
const archiveNow = ({ policy, namespace, archives }: Names): string =>
  `kubectl holdfast backup ${policy} -n ${namespace}${archives ? ' --type Log' : ''} --wait`;
const suspend = ({ policy, namespace }: Names): string =>
  `kubectl patch backuppolicy ${policy} -n ${namespace} --type merge -p '{"spec":{"suspend":true}}'`;
const lendIdentity = ({ identity, namespace }: Names): string =>
  `kubectl create secret generic ${identity} -n ${namespace} --from-file=identity=identity.txt`;
const takeIdentityBack = ({ identity, namespace }: Names): string => `kubectl delete secret ${identity} -n ${namespace}`;
const apply = (manifest: object, { namespace }: Names): string[] => {
  const { metadata } = manifest as { metadata: { name: string } };
  return ['kubectl apply -f restore.yaml', `kubectl holdfast wait restore/${metadata.name} -n ${namespace}`];
};
const emergency = ({ policy, namespace, component, claim, archives, time }: Names): string =>
  `kubectl holdfast restore --emergency ${archives ? `--to-time ${time}` : 'latest'} -n ${namespace} --policy ${policy} --component ${component} --claim ${claim} --identity identity.txt`;

export const disasters: Record<DisasterName, Disaster> = {
  'database-corruption': {
    title: 'The database is damaged: pages that cannot be read, rows that are wrong',
    first: [
      'Stop what writes into it. Each minute of writing on damaged data is a minute that is lost later.',
      'Do not restart it over and over, do not run VACUUM FULL or pg_resetwal: they destroy what could still be read.',
      'Write down when it was last known to be right.',
    ],
    steps: (names) => [
      { what: 'See which moments can come back, and what would be lost', commands: [status(names)] },
      { what: 'Have what was written up to now archived, if the server still answers', commands: [archiveNow(names)] },
      { what: 'Bring it back in place. What is there is put aside, so that nothing is lost for good', commands: [emergency(names)] },
      {
        what: 'Or by the manifest below: the plan is read by a second pair of eyes before anything stops',
        commands: [
          lendIdentity(names),
          'kubectl apply -f restore.yaml',
          `kubectl holdfast approve restore/${names.policy}-back-${names.day} -n ${names.namespace}`,
          `kubectl holdfast wait restore/${names.policy}-back-${names.day} -n ${names.namespace}`,
          takeIdentityBack(names),
        ],
      },
      {
        what: 'If that was the wrong moment: take it back',
        commands: [`kubectl holdfast undo restore/${names.policy}-back-${names.day} -n ${names.namespace}`],
      },
    ],
    manifest: inPlaceAtPoint,
    about: 'in place, as of the moment in it: --time writes another one; the plan waits for approval',
  },
  'region-loss': {
    title: 'The cluster or its region is gone',
    first: [
      'Make sure that it is gone for good: two clusters that write to one store are one too many.',
      'Take identity.txt out of the safe. Without it nobody opens a backup.',
      'You need the credentials of the store. Everything else is in the store.',
    ],
    steps: (names) => [
      { what: 'From any machine: see what the store holds, and that it is whole', commands: [list(names)] },
      {
        what: 'The quickest way back: a server on any machine with PostgreSQL, with no cluster at all',
        commands: [
          `kubectl holdfast plan restore --from ${names.from} --identity identity.txt --component ${names.component} --latest --to restored`,
          `kubectl holdfast restore --from ${names.from} --identity identity.txt --component ${names.component} --latest --to restored`,
        ],
      },
      {
        what: 'In a new cluster: install Holdfast, apply the policy from git with spec.suspend: true, and restore by the manifest below',
        commands: [lendIdentity(names), ...apply(newestFromFar(names), names), takeIdentityBack(names)],
      },
      {
        what: 'When the old cluster will never write again: become the writer, and go on backing up',
        commands: [
          `kubectl holdfast adopt ${names.policy} -n ${names.namespace} --take-over --confirm ${names.namespace}/${names.policy}`,
          `kubectl patch backuppolicy ${names.policy} -n ${names.namespace} --type merge -p '{"spec":{"suspend":false}}'`,
          `kubectl holdfast wait policy/${names.policy} -n ${names.namespace} --for rpo --timeout 1h`,
        ],
      },
    ],
    manifest: newestFromFar,
    about: 'into a new claim, the newest point of the tier that survived',
  },
  ransomware: {
    title: 'Somebody encrypts or deletes data on purpose',
    first: [
      'Cut the network of what is infected; do not switch it off, do not delete anything: it is evidence.',
      'Do not restore into what is infected. Restore beside it, or into a clean cluster.',
      'Use a machine and credentials that the attacker cannot have. Read the store before you write to it.',
    ],
    steps: (names) => [
      { what: 'Stop backups, so that nothing damaged is added. What is stored is never rewritten', commands: [suspend(names)] },
      { what: 'From a clean machine: are the backups genuine and whole? Forged ones fail their signature', commands: [list(names)] },
      { what: 'See which moments can come back, and choose one before the attack began', commands: [status(names)] },
      {
        what: 'Restore beside, by the manifest below, and look at it before anybody uses it',
        commands: [lendIdentity(names), ...apply(besideFromFar(names), names), takeIdentityBack(names)],
      },
      {
        what: 'Or with no cluster at all',
        commands: [
          `kubectl holdfast restore --from ${names.from} --identity identity.txt --component ${names.component} ${names.archives ? `--to-time ${names.time}` : '--latest'} --to restored`,
        ],
      },
      {
        what: 'Change every credential (kubectl holdfast playbook credential-compromise), then start backups again',
        commands: [`kubectl holdfast playbook credential-compromise ${names.policy} -n ${names.namespace}`],
      },
    ],
    manifest: besideFromFar,
    about: 'into a new claim, from the tier that is farthest away; nothing that runs is touched',
  },
  'accidental-delete': {
    title: 'Somebody deleted rows, a table or a database by mistake',
    first: [
      'Write down when it happened, to the second, with the time zone. The moment before it is what you want back.',
      'Stop what would fill the gap with new rows. The rest may go on.',
      'One table is no reason to set the whole database back: restore beside it, and copy the table over.',
    ],
    steps: (names) => [
      { what: 'See that the moment can come back', commands: [status(names)] },
      { what: 'Have what was written up to now archived', commands: [archiveNow(names)] },
      {
        what: 'Restore beside, by the manifest below; start a server on the new claim, and copy the rows with pg_dump --table',
        commands: [lendIdentity(names), ...apply(besideAtPoint(names), names), takeIdentityBack(names)],
      },
      {
        what: 'Where everything shall go back: in place. What is there is put aside, and can be undone',
        commands: [emergency(names)],
      },
    ],
    manifest: besideAtPoint,
    about: 'into a new claim, as of the moment in it: --time writes another one; nothing that runs is touched',
  },
  'credential-compromise': {
    title: 'A key or a password is in the wrong hands',
    first: [
      'Find out which: the login of the store, a role of the database, the signing key, or the identity.',
      'The login of the store: revoke it there first. Backups are encrypted and signed; with it they could be deleted, not read or forged.',
      'The identity: whoever has it and the store reads every backup that was made for it. What is stored stays readable with it: protect the store.',
      'The signing key: from now on a signature of it proves nothing.',
    ],
    steps: (names) => [
      { what: 'Nothing new with the old keys', commands: [suspend(names)] },
      { what: 'Are the stored backups still genuine and whole?', commands: [list(names)] },
      {
        what: 'New keys: identity, state identity and signing pair at once. The old files are kept beside the new; the old identity still opens the old backups',
        commands: [
          `kubectl holdfast keygen --policy ${names.namespace}/${names.policy} --output-dir new-keys`,
          `kubectl apply -n ${names.namespace} -f new-keys/secrets.yaml`,
        ],
      },
      {
        what: 'Put new-keys/encryption.yaml into the policy, new passwords into the Secrets that it names, and see that all fits',
        commands: [`kubectl holdfast doctor ${names.policy} -n ${names.namespace}`],
      },
      {
        what: 'Begin anew: a Full that builds on nothing old',
        commands: [
          `kubectl patch backuppolicy ${names.policy} -n ${names.namespace} --type merge -p '{"spec":{"suspend":false}}'`,
          `kubectl holdfast backup ${names.policy} -n ${names.namespace} --type Full --wait`,
        ],
      },
      {
        what: 'Where data may have been changed: restore beside, by the manifest below, and compare',
        commands: [lendIdentity(names), ...apply(besideFromFar(names), names), takeIdentityBack(names)],
      },
    ],
    manifest: besideFromFar,
    about: 'into a new claim, as of a moment before, to compare with what runs',
  },
};
