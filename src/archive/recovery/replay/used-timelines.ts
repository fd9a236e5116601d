// Numbers of timelines that are in the store. A server that was recovered gets the next one of which its archive has no history file: without those of
// other lineages, and of backups whose WAL nobody archived, a second restore of one backup would make another timeline of a number that was used.
import { writeFile } from 'node:fs/promises';
import { componentOf } from '../../../core/recovery/known-backup.ts';
import { walHistoriesPrefix } from '../../layout.ts';
import { listLineages } from '../../wal/read-lineage.ts';
import { readBackups } from '../source.ts';
import type { Source } from '../source.ts';

export type UsedTimelines = () => Promise<ReadonlySet<number>>;

// A server makes a backup now and then: the newest ones have the highest numbers.
const mostBackups = 32;

// Asked once, when a server asks first.
export const usedTimelines = (source: Source, component: string): UsedTimelines => {
  let found: Promise<ReadonlySet<number>> | undefined;
  return () => (found ??= lookFor(source, component));
};

// A number that was used elsewhere costs nothing, so nothing is verified.
const lookFor = async (source: Source, component: string): Promise<ReadonlySet<number>> => {
  const numbers = new Set<number>();
  for (const lineageId of await listLineages(source.store)) {
    for await (const { key } of source.store.list(walHistoriesPrefix(lineageId))) {
      numbers.add(Number.parseInt(key.slice(walHistoriesPrefix(lineageId).length), 16));
    }
  }
  await readBackups(source, source.ids.slice(0, mostBackups));
  for (const backup of source.known.values()) {
    const timeline = componentOf(backup, component)?.facts.postgresql?.timeline;
    if (timeline !== undefined) {
      numbers.add(timeline);
    }
  }
  return numbers;
};

// What a server gets that asks whether a number is used. It reads no history of a timeline that it does not follow.
export const writeUsed = (path: string): Promise<void> => writeFile(path, '# This timeline is of another history.\n', { mode: 0o600 });
