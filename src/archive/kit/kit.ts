// The recovery kit: one page and one script in every store, so that whoever has the store and the identity needs nothing else of ours.
import { createHash } from 'node:crypto';
import type { DamagedObject } from '../../api/agent.ts';
import type { ObjectInfo, Store } from '../../stores/store.ts';
import { kitKey, kitPrefix } from '../layout.ts';
import { largestDocumentBytes } from '../small-objects.ts';
import { kitPage } from './page.ts';
import { kitScript } from './script.ts';

const digestBytes = 16;

const named = (name: string, extension: string, content: string): { key: string; content: Buffer } => {
  const bytes = Buffer.from(content);
  return { key: kitKey(name, createHash('sha256').update(bytes).digest('hex').slice(0, digestBytes), extension), content: bytes };
};

// Their digests stand in their names: another release puts its own beside them, and nothing is replaced.
export const kitFiles = (): { key: string; content: Buffer }[] => {
  const script = named('restore', 'sh', kitScript);
  return [script, named('READ-ME', 'txt', kitPage(script.key.slice(kitPrefix.length)))];
};

// Written before each manifest: what is there already stays.
export const writeKit = async (store: Store): Promise<void> => {
  for (const { key, content } of kitFiles()) {
    await store.put(key, content);
  }
};

const notOurs = (key: string): DamagedObject => ({
  key,
  code: 'DigestMismatch',
  message: `${key} is not what Holdfast wrote: its digest is not that of its name. Nobody should run it; take the kit from another tier.`,
});

// Those that are not what their names say. The list tells a wrong size; only a thorough look reads them.
export const damagedKit = async (store: Store, objects: readonly ObjectInfo[], thorough: boolean): Promise<DamagedObject[]> => {
  const known = new Map(kitFiles().map(({ key, content }) => [key, content.length]));
  const damaged: DamagedObject[] = [];
  for (const { key, sizeBytes } of objects) {
    const isRight = (known.get(key) ?? sizeBytes) === sizeBytes && (!thorough || (await fitsItsName(store, key)));
    damaged.push(...(isRight ? [] : [notOurs(key)]));
  }
  return damaged;
};

const fitsItsName = async (store: Store, key: string): Promise<boolean> => {
  const digest = createHash('sha256')
    .update(await store.get(key, largestDocumentBytes))
    .digest('hex');
  return key.includes(`-${digest.slice(0, digestBytes)}.`);
};
