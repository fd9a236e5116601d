// holdfast.json: whether a place is a repository, and which one.
import { createHash, randomBytes } from 'node:crypto';
import { formatVersion, repositorySchema } from '../api/stored/repository.ts';
import type { RepositoryDocument } from '../api/stored/repository.ts';
import { StoreError } from '../stores/errors.ts';
import type { Store } from '../stores/store.ts';
import { ArchiveError } from './errors.ts';
import { repositoryKey } from './layout.ts';
import { checkReader } from './signing/envelope.ts';

const largestRepositoryBytes = 64 * 1024;

// What holdfast.json says, and the digest of its bytes.
export type Repository = RepositoryDocument & { readonly sha256: string };

const parse = (content: Buffer, description: string): RepositoryDocument => {
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch {
    json = undefined;
  }
  checkReader(json, `${repositoryKey} of ${description}`);
  const parsed = repositorySchema.safeParse(json);
  if (!parsed.success) {
    throw new ArchiveError(
      'NotARepository',
      `${repositoryKey} of ${description} is not what Holdfast writes. Use an empty prefix, or the right one.`,
    );
  }
  if (parsed.data.formatVersion > formatVersion) {
    throw new ArchiveError(
      'FormatTooNew',
      `${description} has the format ${parsed.data.formatVersion}; this release reads up to ${formatVersion}. Use a later one.`,
    );
  }
  return parsed.data;
};

// Reads holdfast.json. Undefined: nothing is there yet.
export const findRepository = async (store: Store): Promise<Repository | undefined> => {
  try {
    const content = await store.get(repositoryKey, largestRepositoryBytes);
    return { ...parse(content, store.description), sha256: createHash('sha256').update(content).digest('hex') };
  } catch (error) {
    if (error instanceof StoreError && error.code === 'ObjectMissing') {
      return undefined;
    }
    throw error;
  }
};

// Reads holdfast.json of a place that must be a repository. Throws NotARepository.
export const openRepository = async (store: Store): Promise<Repository> => {
  const found = await findRepository(store);
  if (found === undefined) {
    throw new ArchiveError(
      'NotARepository',
      `There is no ${repositoryKey} in ${store.description}. Check bucket and prefix; a wrong prefix looks like an empty one.`,
    );
  }
  return found;
};

// Makes a further tier the same repository, byte for byte.
export const copyRepository = async (from: Store, to: Store, repositoryId: string): Promise<void> => {
  await to.put(repositoryKey, await from.get(repositoryKey, largestRepositoryBytes));
  checkId(await openRepository(to), to, repositoryId);
};

// Opens the repository, or makes it where nothing is. Where several agents make it at once, one wins and the others take what it wrote.
// `repositoryId`: on a further tier, the id of the primary; another one there is refused.
export const ensureRepository = async (store: Store, createdTime: string, repositoryId?: string): Promise<Repository> => {
  let found = await findRepository(store);
  if (found === undefined) {
    const document: RepositoryDocument = {
      schema: 'holdfast.dev/repository/v1',
      minReader: 1,
      formatVersion,
      repositoryId: repositoryId ?? randomBytes(16).toString('hex'),
      createdTime,
    };
    await store.put(repositoryKey, Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`));
    found = await openRepository(store);
  }
  checkId(found, store, repositoryId);
  return found;
};

const checkId = (found: RepositoryDocument, store: Store, repositoryId: string | undefined): void => {
  if (repositoryId !== undefined && found.repositoryId !== repositoryId) {
    throw new ArchiveError(
      'RepositoryMismatch',
      `${store.description} holds the repository ${found.repositoryId}, the primary tier holds ${repositoryId}. Give the tier a prefix of its own.`,
    );
  }
};
