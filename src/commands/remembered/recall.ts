// What was remembered of the policies of a namespace, where the cluster cannot be asked.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labelPattern } from '../../api/label-pattern.ts';
import { cacheFolder } from '../common/cache-folder.ts';
import type { Cluster } from '../common/cluster.ts';
import type { Io } from '../common/io.ts';
import { fileName, namespaceFolder, readRemembered } from './stored.ts';
import type { Remembered } from './stored.ts';

// The one of that name, or all of them.
export const recall = async (
  { server, namespace }: Pick<Cluster, 'server' | 'namespace'>,
  policy: string | undefined,
  { environment }: Pick<Io, 'environment'>,
): Promise<Remembered[]> => {
  const cache = cacheFolder(environment);
  if (cache === undefined || !labelPattern.test(namespace)) {
    return [];
  }
  const folder = namespaceFolder(cache, server, namespace);
  const names = await readdir(folder).catch(() => []);
  const wanted = names.filter((name) => (policy === undefined ? name.endsWith('.json') : name === fileName(policy)));
  const texts = await Promise.all(wanted.toSorted().map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
  return texts.flatMap((text) => readRemembered(text) ?? []);
};
