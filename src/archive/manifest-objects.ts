// What a manifest names, and whether it is there (level L0).
import type { ComponentEntry, Manifest, StoredObject } from '../api/stored/backup.ts';
import type { Store } from '../stores/store.ts';
import { ArchiveError } from './errors.ts';
import { inOrder } from './in-order.ts';

// The objects of one component: its keys and the volumes of its artifacts.
export const componentObjects = (component: ComponentEntry): StoredObject[] => [
  ...component.keys,
  ...component.artifacts.flatMap(({ volumes }) => volumes),
];

// Every object that a manifest names, records included.
export const manifestObjects = (manifest: Manifest): StoredObject[] =>
  manifest.components.flatMap((component) => [...componentObjects(component), component.record]);

export const totalBytes = (objects: readonly StoredObject[]): number => objects.reduce((sum, { bytes }) => sum + bytes, 0);

type Named = Pick<StoredObject, 'key' | 'bytes'>;

// Level L0: every object is there with the right size. Throws at the first one that is not, in the order of `objects`.
export const checkPresence = async (store: Store, objects: readonly Named[], atOnce = 16): Promise<void> => {
  const look = async (object: Named) => ({ ...object, found: await store.head(object.key) });
  for await (const { key, bytes, found } of inOrder(objects, atOnce, look)) {
    if (found === undefined) {
      throw new ArchiveError('ObjectMissing', `${key} is not in ${store.description}.`);
    }
    if (found.sizeBytes !== bytes) {
      throw new ArchiveError('SizeMismatch', `${key} in ${store.description} has ${found.sizeBytes} bytes, the manifest says ${bytes}.`);
    }
  }
};
