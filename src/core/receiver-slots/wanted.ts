// Which replication slots a policy wants, by its spec, and since when it wants none.
import type { BackupPolicy } from '../../api/objects.ts';
import type { Component } from '../../api/policy.ts';
import type { DropReason, SlotFacts } from '../../api/slot-status.ts';
import { cut } from '../plan/conditions.ts';
import { hour, instantOf, isoTime } from '../plan/time.ts';
import type { PolicyObserved } from '../policy/observed.ts';
import { slotNameOf } from '../wal/slot-name.ts';

// A short suspension costs no gap: the receiver goes on, or the server keeps the WAL, for so long.
export const suspensionMilliseconds = hour;

export type WantedSlot = Pick<SlotFacts, 'name' | 'connection'>;

// The slot of a component, suspended or not. Undefined: its WAL is not archived.
export const slotOf = (
  { metadata }: BackupPolicy,
  { name, postgresql }: Component,
  hash: (text: string) => string,
): WantedSlot | undefined => {
  const walArchive = postgresql?.walArchive;
  if (postgresql === undefined || walArchive === undefined || walArchive.mode === 'Off') {
    return undefined;
  }
  return {
    name: slotNameOf(walArchive, { namespace: metadata.namespace, policy: metadata.name, component: name }, hash),
    connection: noted(postgresql.connection),
  };
};

type Connection = SlotFacts['connection'];

// Longer texts get past no API server; a status has no room for them.
const longestName = 253;
const longestDatabase = 63;

const noted = ({ host, port, database, sslMode, caSecretRef, credentialsSecretRef: login }: Connection): Connection => ({
  host: cut(host, longestName),
  port,
  database: cut(database, longestDatabase),
  sslMode,
  credentialsSecretRef: {
    name: cut(login.name, longestName),
    usernameKey: cut(login.usernameKey, longestName),
    passwordKey: cut(login.passwordKey, longestName),
  },
  ...(caSecretRef === undefined
    ? {}
    : { caSecretRef: { name: cut(caSecretRef.name, longestName), key: cut(caSecretRef.key, longestName) } }),
});

// When the policy was seen to be suspended first. Stays in the status as long as it is.
export const suspendedTime = ({ spec, status }: BackupPolicy, now: number): string | undefined =>
  spec.suspend ? (status?.suspendedTime ?? isoTime(now)) : undefined;

// From when on a suspended policy keeps no slot.
export const suspensionEnd = (policy: BackupPolicy, now: number): number | undefined => {
  const since = suspendedTime(policy, now);
  return since === undefined ? undefined : (instantOf(since) ?? now) + suspensionMilliseconds;
};

// What a suspended policy says of its archive.
export const suspendedArchiving = (policy: BackupPolicy, now: number): string => {
  const slots = (policy.status?.walArchive ?? []).flatMap(({ slot }) => slot ?? []);
  const end = suspensionEnd(policy, now);
  return slots.length === 0 || end === undefined
    ? ''
    : ` WAL is archived until ${isoTime(end)}; then the replication slot is dropped, so that the server does not keep WAL for it, and what it writes from then on cannot be recovered.`;
};

// Why no slot of the component shall be kept; undefined where one shall. A policy that is suspended makes none.
export const whyDropped = (
  { policy, now, uninstalling }: Pick<PolicyObserved, 'policy' | 'now' | 'uninstalling'>,
  wanted: WantedSlot | undefined,
  hasSlot: boolean,
): DropReason | undefined => {
  if (policy.metadata.deletionTimestamp !== undefined) {
    return 'PolicyDeleted';
  }
  if (uninstalling !== undefined) {
    return 'Uninstalled';
  }
  if (wanted === undefined) {
    return 'ArchivingOff';
  }
  const end = suspensionEnd(policy, now);
  return end !== undefined && (!hasSlot || end <= now) ? 'Suspended' : undefined;
};

// The same slot of the same server, as far as the addresses say. How one logs in does not matter.
export const isSameSlot = (one: WantedSlot, other: WantedSlot): boolean => one.name === other.name && isSameAddress(one, other);

export const isSameAddress = ({ connection: one }: WantedSlot, { connection: other }: WantedSlot): boolean =>
  one.host === other.host && one.port === other.port;
