// How a restore calls the databases that it builds, and how it knows them again: its own and nobody else's.
import { createHash, randomBytes } from 'node:crypto';
import type { Link } from '../../../core/recovery/choose.ts';
import type { DumpStep } from '../../../core/recovery/dumps.ts';
import type { ServerTarget } from '../request.ts';

const hash = (...parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

// What all attempts of one Restore have in common; by hand, all commands that restore this component.
const ownerOf = ({ restoreUid }: ServerTarget, { manifest, component }: Link): string[] => [
  restoreUid ?? `by hand, of ${manifest.repositoryId}`,
  component.name,
];

const start = (target: ServerTarget, link: Link, into: string): string =>
  `holdfast_${hash(...ownerOf(target, link)).slice(0, 8)}_${hash(into).slice(0, 8)}_`;

// Each attempt has a name of its own, so that none ever puts in place what another one builds.
export const buildName = (target: ServerTarget, link: Link, into: string): string =>
  `${start(target, link, into)}${randomBytes(4).toString('hex')}`;

export const isLeftover = (name: string, target: ServerTarget, link: Link, into: string): boolean => {
  const own = start(target, link, into);
  return name.startsWith(own) && /^[0-9a-f]{8}$/.test(name.slice(own.length));
};

// Stands in the comment of the database until the restore has ended: that it is this restore's, whole where it has its name.
export const markOf = (target: ServerTarget, link: Link, { artifact, into }: Pick<DumpStep, 'artifact' | 'into'>): string => {
  const { schemas, tables } = target;
  const id = hash(...ownerOf(target, link), link.manifest.backupId, artifact, into, schemas, tables).slice(0, 32);
  return `Made by a restore of Holdfast that has not ended (${id}). Named holdfast_…: not whole, and dropped by the next attempt.`;
};
