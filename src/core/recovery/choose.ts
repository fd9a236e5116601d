// Which backups a recovery reads: the one that it starts from, with everything that this one builds on. Pure; it asks for backups that it has not seen yet.
import type { ComponentEntry, Manifest } from '../../api/stored/backup.ts';
import { componentOf, hasLogical, hasPhysical } from './known-backup.ts';
import type { KnownBackup } from './known-backup.ts';
import { refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { Form } from './wish.ts';

export type Link = { manifest: Manifest; component: ComponentEntry };

export type Chosen = {
  kind: 'chosen';
  // Oldest first: a Full, then what builds on it.
  chain: Link[];
  // What the reader should know of backups that were passed over.
  notes: string[];
};

// Backups that must be read before it can be decided.
export type Needed = { kind: 'need'; ids: string[] };

export type Catalogue = {
  // Every id that the store has a manifest of, newest first.
  ids: readonly string[];
  // Those that were read.
  known: ReadonlyMap<string, KnownBackup>;
};

const elsewhere = 'Use another tier: the same command with its location after --from.';

const unreadable = ({ id, wrong }: KnownBackup, remedy: Refusal['remedy']): Refusal =>
  refusal('SourceVerificationFailed', `The backup ${id} cannot be used: ${wrong?.message ?? 'its manifest could not be read.'}`, remedy);

const holds = (component: ComponentEntry, form: Form): boolean => (form === 'physical' ? hasPhysical(component) : hasLogical(component));

// Exactly this backup.
export const chooseNamed = (catalogue: Catalogue, id: string, name: string, form: Form): Chosen | Needed | Refusal => {
  if (!catalogue.ids.includes(id)) {
    const [newest] = catalogue.ids;
    return refusal('BackupNotFound', `There is no backup ${id} in this store.`, {
      options: newest === undefined ? {} : { backup: newest },
      ...(newest === undefined ? { act: elsewhere } : {}),
    });
  }
  const backup = catalogue.known.get(id);
  if (backup === undefined) {
    return { kind: 'need', ids: [id] };
  }
  if (backup.manifest === undefined) {
    return unreadable(backup, { act: elsewhere });
  }
  const component = componentOf(backup, name);
  if (component === undefined || !holds(component, form)) {
    return refusal('ComponentNotFound', `The backup ${id} has no ${form} copy of "${name}".`, {
      act: 'Name another backup: `kubectl holdfast list --from …` shows them.',
    });
  }
  return withParents(catalogue, { manifest: backup.manifest, component }, form, []);
};

// The newest one that has the component. One that cannot be used is never passed over: it may hold what everybody wants back.
export const chooseLatest = (catalogue: Catalogue, name: string, form: Form): Chosen | Needed | Refusal => {
  const notes: string[] = [];
  for (const id of catalogue.ids) {
    const backup = catalogue.known.get(id);
    if (backup === undefined) {
      return { kind: 'need', ids: [id] };
    }
    if (backup.manifest === undefined) {
      return unreadable(backup, beforeIt(catalogue, id));
    }
    const component = componentOf(backup, name);
    if (component !== undefined && holds(component, form)) {
      return withParents(catalogue, { manifest: backup.manifest, component }, form, notes);
    }
    notes.push(`${id} is newer and has no ${form} copy of "${name}".`);
  }
  if (notes.length === 0) {
    return refusal('BackupNotFound', 'This store holds no backup.', { act: elsewhere });
  }
  return refusal('BackupNotFound', `No backup in this store has a ${form} copy of "${name}".`, { act: elsewhere });
};

const beforeIt = ({ ids }: Catalogue, id: string): Refusal['remedy'] => {
  const older = ids[ids.indexOf(id) + 1];
  return older === undefined
    ? { act: elsewhere }
    : { options: { latest: undefined, backup: older }, act: 'Or use another tier; an older backup lacks what came later.' };
};

// A dump is whole in every backup, also in one whose physical copy is an increment.
const withParents = (catalogue: Catalogue, last: Link, form: Form, notes: string[]): Chosen | Needed | Refusal =>
  form === 'logical' ? { kind: 'chosen', chain: [last], notes } : chainOf(catalogue, last, notes);

// Back to the Full. A link that is missing or damaged breaks it: the others are worth nothing without it.
export const chainOf = (catalogue: Catalogue, last: Link, notes: string[]): Chosen | Needed | Refusal => {
  const chain = [last];
  let link = last;
  while (link.component.parent !== null) {
    const id = link.component.parent;
    const broken = (why: string): Refusal =>
      refusal(
        'ChainBroken',
        `The backup ${link.manifest.backupId} builds on ${id}, ${why}`,
        fullBefore(catalogue, link, last.component.name),
      );
    if (!catalogue.ids.includes(id)) {
      return broken('which is not in this store.');
    }
    if (chain.some(({ manifest }) => manifest.backupId === id)) {
      return broken('which builds on it in turn.');
    }
    const parent = catalogue.known.get(id);
    if (parent === undefined) {
      return { kind: 'need', ids: [id] };
    }
    if (parent.manifest === undefined) {
      return broken(`which cannot be used: ${parent.wrong?.message ?? 'it could not be read.'}`);
    }
    const component = componentOf(parent, last.component.name);
    if (component === undefined || !hasPhysical(component)) {
      return broken(`which has no physical copy of "${last.component.name}".`);
    }
    link = { manifest: parent.manifest, component };
    chain.unshift(link);
  }
  return { kind: 'chosen', chain, notes };
};

// The newest Full that is known to be usable, for the next command.
const fullBefore = ({ ids, known }: Catalogue, { component }: Link, name: string): Refusal['remedy'] => {
  const full = ids.find((id) => {
    const found = known.get(id);
    const entry = found === undefined ? undefined : componentOf(found, name);
    return entry !== undefined && entry.parent === null && entry !== component && hasPhysical(entry);
  });
  return full === undefined ? { act: elsewhere } : { options: { latest: undefined, backup: full }, act: elsewhere };
};
