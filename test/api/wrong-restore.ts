// Wrong Restores: one for each rule, and for every field.
import { type Loose, rightRestore, rightUndo } from './right-inputs.ts';
import type { WrongInput } from './wrong-policy.ts';
import { wrongTargets } from './wrong-targets.ts';

// A right Restore with one mistake.
export const wrongRestore = (name: string, says: string[], mistake: (spec: Loose) => void, more: Partial<WrongInput> = {}): WrongInput => {
  const object = rightRestore();
  mistake(object.spec);
  return { name: `restore: ${name}`, object, says, ...more };
};

const undo = (name: string, says: string[], mistake: (spec: Loose) => void): WrongInput => {
  const object = rightUndo();
  mistake(object.spec);
  return { name: `undo: ${name}`, object, says };
};

const source: WrongInput[] = [
  wrongRestore('nothing says what comes back', ['spec', 'say what is brought back', 'source.latest: true'], (spec) => {
    delete spec.pointInTime;
  }),
  wrongRestore('a policy elsewhere', ['source.policyRef.name', 'use lower-case letters'], (spec) => {
    spec.source.policyRef.name = 'other/shop';
  }),
  wrongRestore('no policy', ['source.policyRef', 'Required value'], (spec) => {
    delete spec.source.policyRef;
  }),
  wrongRestore('a tier in capitals', ['source.tier', 'use lower-case letters'], (spec) => {
    spec.source.tier = 'Cloud';
  }),
  wrongRestore('an empty name of a backup', ['source.backup', 'at least 1 chars'], (spec) => {
    spec.source.backup = '';
  }),
  wrongRestore('not the latest', ['source', 'latest can only be true', 'leave it out'], (spec) => {
    delete spec.pointInTime;
    spec.source.latest = false;
  }),
  wrongRestore('the latest, and a backup by name', ['source', 'latest and backup exclude each other'], (spec) => {
    delete spec.pointInTime;
    Object.assign(spec.source, { latest: true, backup: '20261122T020000Z-full-3f9a1c04' });
  }),
  wrongRestore('the latest, and a point in time', ['pointInTime goes with neither', 'source.latest'], (spec) => {
    spec.source.latest = true;
  }),
  wrongRestore('no identity', ['source', 'identitySecretRef names the Secret with the age identity'], (spec) => {
    delete spec.source.identitySecretRef;
  }),
  wrongRestore('an identity of another namespace', ['identitySecretRef.name', 'in the same namespace', 'no "/"'], (spec) => {
    spec.source.identitySecretRef.name = 'vault/identity';
  }),
  wrongRestore('an identity as a path', ['identitySecretRef.key', 'name of one key of the Secret'], (spec) => {
    spec.source.identitySecretRef.key = 'keys/identity.txt';
  }),
  undo('of a Restore elsewhere', ['restoreRef.name', 'in the same namespace'], (spec) => {
    spec.source.restoreRef.name = 'other/right';
  }),
  undo('to a backup', ['source', 'an undo (restoreRef) takes neither'], (spec) => {
    spec.source.backup = '20261122T020000Z-full-3f9a1c04';
  }),
  undo('with an identity of another namespace', ['identitySecretRef.name', 'in the same namespace', 'no "/"'], (spec) => {
    spec.source.identitySecretRef = { name: 'vault/identity' };
  }),
  undo('from a tier', ['source', 'an undo (restoreRef) takes neither'], (spec) => {
    spec.source.tier = 'cloud';
  }),
  ...[{ requireApproval: true }, { safetyBackup: 'Skip' }].map((more) =>
    undo(`with ${Object.keys(more).join()}`, ['an undo (source.restoreRef) has no plan to approve', 'take requireApproval'], (spec) => {
      Object.assign(spec, more);
    }),
  ),
  undo('as of an instant', ['pointInTime goes with neither', 'source.restoreRef'], (spec) => {
    spec.pointInTime = { time: '2026-11-22T14:03:07Z' };
  }),
  undo('of some components', ['an undo (source.restoreRef) brings back every component', 'take components away'], (spec) => {
    spec.components = [{ name: 'orders' }];
  }),
  undo('without a confirmation', ['spec', 'write confirmation: <namespace>/<policy>'], (spec) => {
    delete spec.confirmation;
  }),
];

const points: WrongInput[] = [
  wrongRestore('an instant without its offset', ['pointInTime.time', 'instant with its offset', '2026-11-22T14:03:07Z'], (spec) => {
    spec.pointInTime.time = '2026-11-22T14:03:07';
  }),
  wrongRestore('a place in the WAL without a slash', ['pointInTime.lsn', 'place in the WAL, such as 0/3000028'], (spec) => {
    spec.pointInTime = { lsn: '3000028' };
  }),
  wrongRestore('a restore point without a name', ['pointInTime.name', 'at least 1 chars'], (spec) => {
    spec.pointInTime = { name: '' };
  }),
  wrongRestore('an instant and a place', ['pointInTime', 'exactly one of time, lsn and name'], (spec) => {
    spec.pointInTime.lsn = '0/3000028';
  }),
  wrongRestore('timeline 0', ['pointInTime.timeline', 'greater than or equal to 1'], (spec) => {
    spec.pointInTime.timeline = 0;
  }),
  wrongRestore(
    'exclusive as a word',
    ['pointInTime.exclusive', 'must be of type boolean'],
    (spec) => {
      spec.pointInTime.exclusive = 'yes';
    },
    { saysServerSide: ['pointInTime.exclusive', 'expected boolean'] },
  ),
];

const conditions: WrongInput[] = [
  wrongRestore('in place without a confirmation', ['spec', 'a restore in place', 'write confirmation: <namespace>/<policy>'], (spec) => {
    delete spec.confirmation;
  }),
  wrongRestore('a confirmation without end', ['spec.confirmation', 'may not be more than 100'], (spec) => {
    spec.confirmation = 'a'.repeat(101);
  }),
  wrongRestore('an unknown safety backup', ['spec.safetyBackup', 'Unsupported value', 'BestEffort'], (spec) => {
    spec.safetyBackup = 'Maybe';
  }),
  wrongRestore('a DaemonSet that shall stop', ['quiesce.workloads[0].kind', 'Unsupported value', 'StatefulSet'], (spec) => {
    spec.quiesce.workloads[0].kind = 'DaemonSet';
  }),
  wrongRestore('a workload elsewhere', ['quiesce.workloads[0].name', 'in the same namespace'], (spec) => {
    spec.quiesce.workloads[0].name = 'other/web';
  }),
  wrongRestore('no workload at all', ['quiesce.workloads', 'at least 1 items'], (spec) => {
    spec.quiesce.workloads = [];
  }),
  wrongRestore(
    'verification as a word',
    ['verifyBeforeRestore', 'must be of type boolean'],
    (spec) => {
      spec.verifyBeforeRestore = 'no';
    },
    { saysServerSide: ['verifyBeforeRestore', 'expected boolean'] },
  ),
  wrongRestore(
    'approval required as a word',
    ['requireApproval', 'must be of type boolean'],
    (spec) => {
      spec.requireApproval = 'yes';
    },
    { saysServerSide: ['requireApproval', 'expected boolean'] },
  ),
  wrongRestore('an approval of no plan', ['approval.planHash', 'copy status.plan.hash', '16 hexadecimal digits'], (spec) => {
    spec.approval = { planHash: 'yes', approvedBy: 'me' };
  }),
  wrongRestore('an approval by nobody', ['approval.approvedBy', 'at least 1 chars'], (spec) => {
    spec.approval = { planHash: '0123456789abcdef', approvedBy: '' };
  }),
  wrongRestore('asked for by a very long name', ['spec.requestedBy', 'may not be more than 253'], (spec) => {
    spec.requestedBy = 'a'.repeat(254);
  }),
  {
    name: 'restore: a name of 53 characters',
    object: rightRestore('a'.repeat(53)),
    says: ['metadata.name', 'at most 52 characters', 'choose a shorter one'],
  },
];

// One change of each field that cannot be changed.
const changes: [string, (spec: Loose) => void][] = [
  ['source', (spec) => (spec.source.tier = 'cloud')],
  ['pointInTime', (spec) => (spec.pointInTime.time = '2026-11-22T14:03:08Z')],
  ['components', (spec) => (spec.components[0].target.volume.path = 'elsewhere')],
  ['safetyBackup', (spec) => (spec.safetyBackup = 'Skip')],
  ['quiesce', (spec) => spec.quiesce.workloads.push({ kind: 'Deployment', name: 'other' })],
  ['verifyBeforeRestore', (spec) => (spec.verifyBeforeRestore = false)],
  ['requireApproval', (spec) => (spec.requireApproval = true)],
  ['confirmation', (spec) => (spec.confirmation = 'other/absent')],
  ['requestedBy', (spec) => (spec.requestedBy = 'somebody')],
];

const changed: WrongInput[] = changes.map(([field, change]) => {
  const before = rightRestore(`changed-${field.toLowerCase()}`);
  const object = structuredClone(before);
  change(object.spec);
  const says = [`spec.${field} of a Restore cannot be changed`, 'create another Restore instead'];
  return { name: `restore: ${field} is changed`, before, object, says };
});

export const wrongRestores: WrongInput[] = [...source, ...points, ...wrongTargets(wrongRestore), ...conditions, ...changed];
