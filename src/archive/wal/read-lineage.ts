// What a tier holds of a lineage, by its signed documents. One that cannot be believed is named, and what only it named counts as not there.
import { lsnBytes } from '../../api/lsn.ts';
import type { StoredObject } from '../../api/stored/backup.ts';
import type { LineageDocument, WalGap, WalHistory, WalPage, WalTail } from '../../api/stored/wal.ts';
import { contentsOf } from '../../core/wal/coverage.ts';
import type { TimelineContents } from '../../core/wal/coverage.ts';
import { ancestorsOf } from '../../core/wal/timelines.ts';
import type { Ancestor } from '../../core/wal/timelines.ts';
import type { Store } from '../../stores/store.ts';
import { ArchiveError } from '../errors.ts';
import { inOrder } from '../in-order.ts';
import { keysUnder } from '../keys-under.ts';
import {
  lineageKey,
  lineageOf,
  walGapsPrefix,
  walHistoriesPrefix,
  walPagesPrefix,
  walPrefix,
  walTailPlace,
  walTailsPrefix,
} from '../layout.ts';
import { readWal } from './documents.ts';
import type { Documents, Trust, WalKind } from './documents.ts';

export type Damaged = { readonly key: string; readonly code: string; readonly message: string };

export type Lineage = {
  readonly document: LineageDocument;
  readonly pages: readonly WalPage[];
  // The newest of each timeline.
  readonly tails: readonly WalTail[];
  readonly histories: ReadonlyMap<number, WalHistory>;
  readonly ancestors: ReadonlyMap<number, readonly Ancestor[]>;
  readonly gaps: readonly WalGap[];
  readonly timelines: readonly TimelineContents[];
  // Sidecars by key id.
  readonly keys: ReadonlyMap<string, StoredObject>;
  readonly damaged: readonly Damaged[];
};

const atOnce = 8;

// Ids of all lineages, oldest first.
export const listLineages = async (store: Store): Promise<string[]> => {
  const ids: string[] = [];
  for (let after = ''; ;) {
    let id: string | undefined;
    for await (const { key } of store.list(walPrefix, after === '' ? {} : { after })) {
      id = lineageOf(key);
      break;
    }
    if (id === undefined) {
      return ids;
    }
    ids.push(id);
    // `0` follows `/`: what comes next belongs to another lineage.
    after = `${walPrefix}${id}0`;
  }
};

export const readLineageDocument = (store: Store, lineageId: string, trust: Trust): Promise<LineageDocument> =>
  readWal(store, 'lineage', lineageKey(lineageId), trust);

// The lineages of one component, oldest first. Throws where one of them cannot be believed: a receiver that ignored it would begin anew beside it.
export const lineagesOf = async (store: Store, component: string, trust: Trust): Promise<LineageDocument[]> => {
  const found: LineageDocument[] = [];
  for (const id of await listLineages(store)) {
    const document = await readLineageDocument(store, id, trust);
    if (document.component === component) {
      found.push(document);
    }
  }
  return found;
};

// Reads all documents of a lineage, side by side: where each request takes a while, their number in a row is what counts. `recent`: of the pages only the newest of each timeline.
export const readLineage = async (store: Store, lineageId: string, trust: Trust, options: { recent?: boolean } = {}): Promise<Lineage> => {
  const damaged: Damaged[] = [];
  const every = async <K extends WalKind>(kind: K, prefix: string, choose = (keys: string[]) => keys): Promise<Documents[K][]> =>
    readAll(store, kind, choose(await keysUnder(store, prefix)), trust, damaged);
  // A tail is looked for behind the pages of its timeline.
  const [document, pages, histories, gaps, withTails] = await Promise.all([
    readLineageDocument(store, lineageId, trust),
    every('page', walPagesPrefix(lineageId), options.recent === true ? newestOfFolders : undefined),
    every('history', walHistoriesPrefix(lineageId)),
    every('gap', walGapsPrefix(lineageId)),
    timelinesWithTails(store, lineageId),
  ]);
  const newest = await Promise.all(withTails.map((timeline) => newestTail(store, lineageId, timeline, pages, trust, damaged)));
  const tails = newest.filter((tail) => tail !== undefined);
  return {
    document,
    pages,
    tails,
    histories: new Map(histories.map((history) => [history.timeline, history])),
    ancestors: new Map(histories.map((history) => [history.timeline, ancestorsOf(history)])),
    gaps,
    timelines: contentsOf([...pages, ...tails]),
    keys: new Map([...pages, ...tails].flatMap(({ keys }) => keys.map((key) => [keyIdOf(key), key] as const))),
    damaged,
  };
};

const keyIdOf = ({ key }: StoredObject): string => key.split('/')[1] ?? '';

const newestOfFolders = (keys: readonly string[]): string[] => [
  ...new Map(keys.map((key) => [key.slice(0, key.lastIndexOf('/')), key])).values(),
];

const readAll = async <K extends WalKind>(
  store: Store,
  kind: K,
  keys: readonly string[],
  trust: Trust,
  damaged: Damaged[],
): Promise<Documents[K][]> => {
  const found: Documents[K][] = [];
  for await (const { document } of inOrder(keys, atOnce, async (key) => ({
    document: await readOrName(store, kind, key, trust, damaged),
  }))) {
    if (document !== undefined) {
      found.push(document);
    }
  }
  return found;
};

// Undefined: it cannot be believed. A store that does not answer is an error.
const readOrName = async <K extends WalKind>(
  store: Store,
  kind: K,
  key: string,
  trust: Trust,
  damaged: Damaged[],
): Promise<Documents[K] | undefined> => {
  try {
    return await readWal(store, kind, key, trust);
  } catch (error) {
    if (!(error instanceof ArchiveError)) {
      throw error;
    }
    damaged.push({ key, code: error.code, message: error.message });
    return undefined;
  }
};

const timelinesWithTails = async (store: Store, lineageId: string): Promise<number[]> => {
  const found: number[] = [];
  const prefix = walTailsPrefix(lineageId);
  for (let after = prefix; ;) {
    let folder: string | undefined;
    for await (const { key } of store.list(prefix, { after })) {
      folder = key.slice(prefix.length).split('/')[0];
      break;
    }
    if (folder === undefined) {
      return found;
    }
    found.push(Number.parseInt(folder, 16));
    after = `${prefix}${folder}0`;
  }
};

// Tails sort by their place; only those at or behind the last page matter.
const newestTail = async (
  store: Store,
  lineageId: string,
  timeline: number,
  pages: readonly WalPage[],
  trust: Trust,
  damaged: Damaged[],
): Promise<WalTail | undefined> => {
  const paged = pages.filter((page) => page.timeline === timeline).map(({ to }) => lsnBytes(to));
  const last = paged.reduce((a, b) => (a > b ? a : b), 0n);
  const prefix = walTailsPrefix(lineageId, timeline);
  const keys = await keysUnder(store, prefix, walTailPlace(lineageId, timeline, last));
  for (const key of keys.toReversed()) {
    const tail = await readOrName(store, 'tail', key, trust, damaged);
    if (tail !== undefined) {
      return tail;
    }
  }
  return undefined;
};
