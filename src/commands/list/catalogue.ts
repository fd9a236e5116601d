// What a repository holds, with the verdict on each backup. `-o json` prints it as it is.
import type { EntryLine, InspectResult } from '../../api/agent.ts';
import { instantOf } from '../../core/plan/time.ts';

export type CatalogueEntry = Pick<EntryLine, 'verdict' | 'code' | 'message'> & {
  id: string;
  // Absent where no manifest could be believed.
  type?: string;
  slot?: string;
  bytes?: number;
  seconds?: number;
  // The oldest of its components; absent where one of them says nothing.
  restorableTo?: string;
  components?: EntryLine['components'];
  failed?: string[];
  // When all stored bytes were last known to match (level L1), and when an inspection checked it, where that was not now.
  verifiedTime?: string;
  checkedTime?: string;
};

// `complete`: false where reading broke off; `error` says why, and backups may be missing.
export type Catalogue = {
  location: string;
  repositoryId?: string;
  complete: boolean;
  error?: { code: string; message: string };
  // Objects that belong to no single backup and are not what was written.
  damaged?: NonNullable<InspectResult['damaged']>;
  backups: CatalogueEntry[];
};

export const catalogueEntry = (line: EntryLine): CatalogueEntry => {
  const { backupId, verdict, code, message, slot, type, bytes, seconds, components, failed, verifiedTime, checkedTime } = line;
  const judged = {
    id: backupId,
    verdict,
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
  };
  // Without a manifest there is no slot, and the zeros of the line were not measured.
  if (slot === '') {
    return judged;
  }
  const restorableTo = oldest(components);
  const times = { ...(verifiedTime === undefined ? {} : { verifiedTime }), ...(checkedTime === undefined ? {} : { checkedTime }) };
  return { ...judged, type, slot, bytes, seconds, ...(restorableTo === undefined ? {} : { restorableTo }), components, failed, ...times };
};

const oldest = (components: EntryLine['components']): string | undefined => {
  const known = components.flatMap(({ restorableTo }) => (instantOf(restorableTo) === undefined ? [] : [restorableTo ?? '']));
  return known.length < components.length ? undefined : known.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(0);
};
