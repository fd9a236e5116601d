// Verification marks: written signed, and believed only after every check.
import type { DamagedObject } from '../../api/agent.ts';
import { payloadTypes } from '../../api/stored/envelope.ts';
import { verificationMarkSchema } from '../../api/stored/mark.ts';
import type { VerificationMark } from '../../api/stored/mark.ts';
import type { ObjectInfo, Store } from '../../stores/store.ts';
import { inOrder } from '../in-order.ts';
import { verifiedBackup } from '../layout.ts';
import { openDocument, sealDocument } from '../signing/envelope.ts';
import type { Signer, Verifiers } from '../signing/keys.ts';
import { largestDocumentBytes, putOnce } from '../small-objects.ts';
import { damagedBy } from './epochs.ts';
import type { Snapshot } from './snapshot.ts';

export type Marks = { byBackup: Map<string, VerificationMark>; damaged: DamagedObject[] };

const atOnce = 8;

// Reads the newest mark of each backup, but for those that a snapshot repeats. One that cannot be believed is named, and its backup counts as never verified.
export const readMarks = async (
  store: Store,
  objects: ReadonlyMap<string, ObjectInfo>,
  snapshot: Snapshot | undefined,
  repositoryId: string,
  verifiers: Verifiers,
): Promise<Marks> => {
  const marks: Marks = { byBackup: new Map(), damaged: [] };
  const unread: string[] = [];
  for (const [id, { key, sizeBytes, tag }] of objects) {
    const mark = snapshot?.records.get(id)?.mark;
    if (mark !== undefined && mark.key === key && mark.bytes === sizeBytes && mark.tag === tag) {
      marks.byBackup.set(id, mark.content as VerificationMark);
    } else {
      unread.push(key);
    }
  }
  const read = async (key: string): Promise<VerificationMark | DamagedObject> => {
    const bytes = await store.get(key, largestDocumentBytes);
    try {
      const expected = { key, payloadType: payloadTypes.mark, schema: verificationMarkSchema, repositoryId };
      return openDocument(bytes, expected, verifiers);
    } catch (error) {
      return damagedBy(error, key, 'It counts for nothing: the backup is verified again. Find out who wrote or changed it, and delete it.');
    }
  };
  for await (const found of inOrder(unread, atOnce, read)) {
    if ('verdict' in found && found.backupId === verifiedBackup(found.key)) {
      marks.byBackup.set(found.backupId, found);
    } else if ('code' in found) {
      marks.damaged.push(found);
    }
  }
  return marks;
};

export const writeMark = (store: Store, mark: VerificationMark, signer: Signer): Promise<unknown> =>
  putOnce(store, mark.key, sealDocument(payloadTypes.mark, verificationMarkSchema.parse(mark), signer));
