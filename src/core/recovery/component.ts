// Which component is meant: the named one, or the only one that there is.
import type { KnownBackup } from './known-backup.ts';
import { refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';

export const nameComponent = (backups: readonly KnownBackup[], wanted: string | undefined): { name: string } | Refusal => {
  const names = new Set(
    backups.flatMap(({ manifest }) => [...(manifest?.components ?? []), ...(manifest?.failed ?? [])].map(({ name }) => name)),
  );
  const known = [...names].toSorted();
  // Nothing could be read: what is wrong with the backups says more.
  if (known.length === 0) {
    return { name: wanted ?? '' };
  }
  if (wanted !== undefined) {
    return known.includes(wanted)
      ? { name: wanted }
      : refusal('ComponentNotFound', `No backup here has a component "${wanted}"; there is ${known.join(', ')}.`, {
          options: { component: known[0] },
        });
  }
  const [only] = known;
  return known.length === 1 && only !== undefined
    ? { name: only }
    : refusal('ComponentNotFound', `The backups here have several components (${known.join(', ')}), and none was named.`, {
        options: { component: only ?? '<name>' },
      });
};
