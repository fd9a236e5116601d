// From a manifest to the record that the catalogue keeps of it, and from that to the line that is printed.
import type { EntryLine } from '../../api/agent.ts';
import type { ComponentEntry, Manifest } from '../../api/stored/backup.ts';
import type { BaseRecord, CatalogueRecord } from '../../api/stored/catalogue.ts';
import { hasPhysical } from '../../core/recovery/known-backup.ts';
import { componentObjects, manifestObjects, totalBytes } from '../manifest-objects.ts';
import { describeObject } from '../small-objects.ts';

// A record, and the objects that its manifest names, in that order.
export type Known = CatalogueRecord & { readonly objects: () => readonly NamedObject[] };
export type NamedObject = readonly [key: string, bytes: number];

export const recordOf = (manifest: Manifest, stored: Buffer): Known => {
  const { bytes, sha256 } = describeObject(manifest.key, stored);
  const objects = manifestObjects(manifest);
  return {
    id: manifest.backupId,
    bytes,
    sha256,
    type: manifest.type,
    slot: manifest.slot,
    seconds: seconds(manifest),
    epoch: manifest.epoch,
    createdTime: manifest.createdTime,
    policy: manifest.policy,
    components: manifest.components.map((component) => ({
      name: component.name,
      bytes: totalBytes(componentObjects(component)),
      ...(component.parent === null ? {} : { parent: component.parent }),
      ...(component.facts.restorableTo === undefined ? {} : { restorableTo: component.facts.restorableTo }),
      base: baseOf(component),
    })),
    failed: manifest.failed.map(({ name }) => name),
    readBackTime: manifest.components.map(({ verification }) => verification.time).toSorted()[0] ?? manifest.createdTime,
    objectBytes: totalBytes(objects),
    objects: () => objects.map(({ key, bytes: size }) => [key, size]),
  };
};

const baseOf = (component: ComponentEntry): BaseRecord | null => {
  const { systemIdentifier, timeline, stopLsn, commitsUntil } = component.facts.postgresql ?? {};
  return systemIdentifier === undefined || timeline === undefined || stopLsn === undefined || !hasPhysical(component)
    ? null
    : { systemIdentifier, timeline, stopLsn, endTime: component.endTime, ...(commitsUntil === undefined ? {} : { commitsUntil }) };
};

// From the first dump's start to the manifest.
const seconds = (manifest: Manifest): number => {
  const start = Math.min(...manifest.components.map(({ startTime }) => Date.parse(startTime)));
  return Math.max(0, (Date.parse(manifest.createdTime) - start) / 1000);
};

// Without a record nothing is known but the id.
export const describeRecord = (tier: string, backupId: string, record: CatalogueRecord | undefined): Omit<EntryLine, 'verdict'> => ({
  kind: 'entry',
  tier,
  backupId,
  type: record?.type ?? 'Full',
  slot: record?.slot ?? '',
  bytes: record?.objectBytes ?? 0,
  seconds: record?.seconds ?? 0,
  components: (record?.components ?? []).map(({ name, bytes, restorableTo, parent }) => ({
    name,
    bytes,
    ...(parent === undefined ? {} : { parent }),
    ...(restorableTo === undefined ? {} : { restorableTo }),
  })),
  failed: record?.failed ?? [],
});
