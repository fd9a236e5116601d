// The real names that a playbook speaks of. What is not known stands between < and >, for the reader to fill in.
import type { BackupPolicy } from '../../api/objects.ts';
import { isoTime } from '../../core/plan/time.ts';

export type Names = {
  namespace: string;
  policy: string;
  component: string;
  claim: string;
  // Whether WAL is archived: then any moment can come back.
  archives: boolean;
  // The tiers, the first one first; `far`: the last one that is no volume of the cluster.
  tiers: string[];
  far: string;
  // Where the far tier lies, as --from takes it, with --endpoint where it has one.
  from: string;
  // The Secret that a Restore takes the identity from.
  identity: string;
  // The moment to go back to.
  time: string;
  // When somebody wants it: part of names of claims and Restores.
  day: string;
  contacts: string[];
};

export const unknownNames = (now: number, given: Partial<Pick<Names, 'namespace' | 'policy' | 'time'>>): Names => ({
  namespace: '<namespace>',
  policy: '<policy>',
  component: '<component>',
  claim: '<claim>',
  archives: true,
  tiers: ['<tier>'],
  far: '<tier>',
  from: '<folder, or s3://bucket/prefix>',
  identity: '<secret>',
  time: isoTime(now),
  day: dayOf(now),
  contacts: [],
  ...given,
});

// A policy as it is, or as it is remembered.
type Known = { metadata: { name: string; namespace: string } } & Pick<BackupPolicy, 'spec' | 'status'>;

export const namesOf = (
  { metadata: { name: policy, namespace }, spec, status }: Known,
  known: { claim: string | undefined; contacts: string[]; time: string | undefined },
  now: number,
): Names => {
  const unknown = unknownNames(now, {});
  const database = spec.components.find(({ postgresql }) => postgresql !== undefined);
  const far = spec.tiers.findLast(({ s3 }) => s3 !== undefined) ?? spec.tiers[0];
  return {
    namespace,
    policy,
    component: database?.name ?? unknown.component,
    claim: known.claim ?? unknown.claim,
    archives: database?.postgresql?.walArchive !== undefined && database.postgresql.walArchive.mode !== 'Off',
    tiers: spec.tiers.map(({ name }) => name),
    far: far?.name ?? unknown.far,
    from: far?.s3 === undefined ? unknown.from : bucketText(far.s3, `${namespace}/${policy}`),
    identity: `${policy}-identity`,
    time: known.time ?? status?.recoverability?.latestTime ?? unknown.time,
    day: unknown.day,
    contacts: known.contacts,
  };
};

const bucketText = (
  { bucket, prefix, endpoint }: { bucket: string; prefix?: string | undefined; endpoint?: string | undefined },
  own: string,
): string => `s3://${bucket}/${prefix ?? own}${endpoint === undefined ? '' : ` --endpoint ${endpoint}`}`;

const dayOf = (now: number): string => isoTime(now).slice(0, 10).replaceAll('-', '');
