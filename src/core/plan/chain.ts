// Chains: an increment is restorable only with everything that it builds on, down to a whole copy. Of one tier, by what was found there.
import type { EntryLine } from '../../api/agent.ts';

export type Link = Pick<EntryLine, 'backupId' | 'verdict' | 'components'>;

// What a backup without its chain comes to.
export type Unchained = { verdict: 'Failed' | 'Inconclusive'; code: 'ChainBroken'; message: string };

const byId = <L extends Link>(links: readonly L[]): Map<string, L> => new Map(links.map((link) => [link.backupId, link]));

// Those that passed by themselves, and that nobody can restore all the same. Whatever builds on one of them is among them.
export const unchained = (links: readonly Link[]): Map<string, Unchained> => {
  const all = byId(links);
  const known = new Map<string, Unchained | undefined>();

  const look = (link: Link): Unchained | undefined => {
    if (known.has(link.backupId)) {
      return known.get(link.backupId);
    }
    // One that comes round to itself has no whole copy at its end.
    known.set(link.backupId, broken(link.backupId, link.backupId, 'which builds on it in turn.'));
    const found = link.components.map((component) => lookAt(link, component)).find((each) => each !== undefined);
    known.set(link.backupId, found);
    return found;
  };

  const lookAt = ({ backupId }: Link, { name, parent }: Link['components'][number]): Unchained | undefined => {
    if (parent === undefined) {
      return undefined;
    }
    const older = all.get(parent);
    if (older === undefined) {
      return broken(backupId, parent, 'which is not in this tier.');
    }
    if (older.verdict !== 'Passed') {
      return broken(backupId, parent, 'which did not verify.', older.verdict);
    }
    if (!older.components.some((each) => each.name === name)) {
      return broken(backupId, parent, `which has no "${name}".`);
    }
    const above = look(older);
    return above && broken(backupId, parent, 'whose own chain is broken.', above.verdict);
  };

  links.filter(({ verdict }) => verdict === 'Passed').forEach(look);
  return new Map([...known].flatMap(([id, found]) => (found === undefined ? [] : [[id, found]])));
};

const broken = (id: string, parent: string, why: string, verdict: Unchained['verdict'] = 'Failed'): Unchained => ({
  verdict,
  code: 'ChainBroken',
  message: `The backup ${id} builds on ${parent}, ${why} It cannot be restored from here: use another tier, or an older backup, and take a Full.`,
});

// What a component of a backup builds on, the newest first. Ends where a link is missing.
export const ancestorsOf = (links: readonly Link[], backupId: string, component: string): string[] => {
  const all = byId(links);
  const found: string[] = [];
  let parent = parentOf(all.get(backupId), component);
  while (parent !== undefined && !found.includes(parent)) {
    found.push(parent);
    parent = parentOf(all.get(parent), component);
  }
  return found;
};

const parentOf = (link: Link | undefined, component: string): string | undefined =>
  link?.components.find(({ name }) => name === component)?.parent;
