// A backup as the planning of a recovery sees it: what its signed manifest says, or why that cannot be believed.
import type { ComponentEntry, Manifest } from '../../api/stored/backup.ts';

export type KnownBackup = {
  id: string;
  // Absent: `wrong` says why.
  manifest?: Manifest;
  wrong?: { code: string; message: string };
};

// What a component brings along: a data directory, or dumps of databases.
export const hasPhysical = ({ artifacts }: ComponentEntry): boolean => artifacts.some(({ name }) => name === 'base.tar');
export const hasLogical = ({ artifacts }: ComponentEntry): boolean => artifacts.some(({ name }) => name.endsWith('.dump'));

export const componentOf = ({ manifest }: KnownBackup, name: string): ComponentEntry | undefined =>
  manifest?.components.find((component) => component.name === name);
