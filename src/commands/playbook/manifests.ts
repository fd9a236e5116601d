// Restores ready to be applied, as a playbook prints them.
import { apiVersion } from '../../api/group.ts';
import type { Names } from './names.ts';

type Manifest = { apiVersion: string; kind: 'Restore'; metadata: { name: string; namespace: string }; spec: object };

const manifest = ({ namespace, policy, day }: Names, what: string, spec: object): Manifest => ({
  apiVersion,
  kind: 'Restore',
  metadata: { name: `${policy}-${what}-${day}`, namespace },
  spec,
});

const source = ({ policy, identity }: Names, more: object = {}): object => ({
  policyRef: { name: policy },
  ...more,
  identitySecretRef: { name: identity },
});

// The point in time where one can be reached, else the newest backup.
const asOf = (names: Names): object => (names.archives ? { pointInTime: { time: names.time } } : {});
const latestUnlessPoint = ({ archives }: Names): object => (archives ? {} : { latest: true });

// In the place of what is there, which is put aside. The plan must be approved before anything is stopped.
export const inPlaceAtPoint = (names: Names): Manifest =>
  manifest(names, 'back', {
    source: source(names, latestUnlessPoint(names)),
    ...asOf(names),
    components: [{ name: names.component, target: { inPlace: { claimName: names.claim } } }],
    requireApproval: true,
    confirmation: `${names.namespace}/${names.policy}`,
  });

// Beside what runs: nothing is touched.
export const besideAtPoint = (names: Names): Manifest =>
  manifest(names, 'look', {
    source: source(names, latestUnlessPoint(names)),
    ...asOf(names),
    components: [{ name: names.component, target: { volume: { claimName: `${names.policy}-look-${names.day}` } } }],
  });

// Beside what runs, out of the tier that is farthest away.
export const besideFromFar = (names: Names): Manifest =>
  manifest(names, 'clean', {
    source: source(names, { tier: names.far, ...latestUnlessPoint(names) }),
    ...asOf(names),
    components: [{ name: names.component, target: { volume: { claimName: `${names.policy}-clean-${names.day}` } } }],
  });

// In a cluster that is new: everything that is stored.
export const newestFromFar = (names: Names): Manifest =>
  manifest(names, 'new', {
    source: source(names, { tier: names.far, latest: true }),
    components: [{ name: names.component, target: { volume: { claimName: `${names.policy}-new-${names.day}` } } }],
  });
