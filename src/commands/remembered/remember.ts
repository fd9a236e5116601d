// Keeps what was read of policies in the user's cache directory. Whoever cannot write there is not bothered with it.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labelPattern } from '../../api/label-pattern.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import { isoTime } from '../../core/plan/time.ts';
import { cacheFolder } from '../common/cache-folder.ts';
import type { Cluster } from '../common/cluster.ts';
import type { Io } from '../common/io.ts';
import { fileName, namespaceFolder, readRemembered } from './stored.ts';
import type { Remembered } from './stored.ts';

// Undefined: it was not looked at this time, and what was known before stays.
export type Learned = { contacts?: string[] | undefined; claim?: string | undefined };

type Where = Pick<Cluster, 'server'>;

export const remember = async (
  { server }: Where,
  { metadata: { namespace, name }, spec }: BackupPolicy,
  { contacts, claim }: Learned,
  { environment, now }: Pick<Io, 'environment' | 'now'>,
): Promise<void> => {
  const cache = cacheFolder(environment);
  // What becomes a path has come over the network.
  if (cache === undefined || !labelPattern.test(namespace) || !labelPattern.test(name)) {
    return;
  }
  const folder = namespaceFolder(cache, server, namespace);
  const path = join(folder, fileName(name));
  const known = await readFile(path, 'utf8').then(readRemembered, () => undefined);
  const [knownContacts, knownClaim] = [contacts ?? known?.contacts, claim ?? known?.claim];
  const next: Remembered = {
    format: 1,
    // Whom to tell is what counts: it is as old as that.
    savedTime: contacts === undefined && known !== undefined ? known.savedTime : isoTime(now()),
    metadata: { namespace, name },
    spec,
    ...(knownContacts === undefined ? {} : { contacts: knownContacts }),
    ...(knownClaim === undefined ? {} : { claim: knownClaim }),
  };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = `${path}.${process.pid}`;
    await writeFile(temporary, JSON.stringify(next), { mode: 0o600 });
    await rename(temporary, path);
  } catch {
    // A home that cannot be written to: nothing is remembered.
  }
};
