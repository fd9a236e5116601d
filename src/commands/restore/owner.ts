// Whose files a restored data directory shall be. PostgreSQL does not run as root, so root must name somebody.
import { readFile } from 'node:fs/promises';
import type { Owner } from '../../archive/recovery/request.ts';
import { wrongUse } from '../common/errors.ts';

const usual = 'postgres';

// Undefined: whoever restores. `uid`: who that is.
export const readOwner = async (wanted: string | undefined, uid: number | undefined): Promise<Owner | undefined> => {
  if (uid !== 0) {
    if (wanted !== undefined) {
      throw wrongUse('Only root can give files to somebody else.', 'Leave --owner out, or run this as root.');
    }
    return undefined;
  }
  const [, digits, group] = /^(\d+):(\d+)$/.exec(wanted ?? '') ?? [];
  const owner = digits === undefined ? await lookUp(wanted ?? usual) : { uid: Number(digits), gid: Number(group) };
  if (owner === undefined || owner.uid === 0) {
    throw wrongUse(
      `PostgreSQL does not run as root, and ${wanted === undefined ? `there is no user "${usual}" here` : `"${wanted}" is no other user of this machine`}.`,
      'Name the user that the server shall run as with --owner, by name or as <uid>:<gid>; or run this as that user.',
    );
  }
  return owner;
};

const lookUp = async (name: string): Promise<Owner | undefined> => {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const fields = users
    .split('\n')
    .map((line) => line.split(':'))
    .find(([user]) => user === name);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
};
