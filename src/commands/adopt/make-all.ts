// Makes all objects or none: first the API server checks each of them, and only then the first one is made.
import type { KubeObject } from '../../kube/object.ts';
import { hasReason } from '../../kube/errors.ts';
import type { Cluster } from '../common/cluster.ts';
import { CommandError, exitCode, refused } from '../common/errors.ts';
import { asCommandError } from '../common/explain-error.ts';
import type { NewObject, Wanted } from './objects.ts';

// Throws what stands in the way of any of them. Nothing is made.
export const checkAll = async ({ client }: Cluster, wanted: readonly Wanted[]): Promise<void> => {
  for (const { resource, object } of wanted) {
    await client.create<NewObject & KubeObject>(resource, object, { dryRun: true }).catch((error: unknown) => {
      throw hasReason(error, 'AlreadyExists') ? isThere(object) : error;
    });
  }
};

export const makeAll = async (cluster: Cluster, wanted: readonly Wanted[]): Promise<void> => {
  await checkAll(cluster, wanted);
  const made: { wanted: Wanted; uid: string | undefined }[] = [];
  for (const each of wanted) {
    try {
      const { metadata } = await cluster.client.create<NewObject & KubeObject>(each.resource, each.object);
      made.push({ wanted: each, uid: (metadata as { uid?: string }).uid });
    } catch (error) {
      throw await takenBack(cluster, made, hasReason(error, 'AlreadyExists') ? isThere(each.object) : asCommandError(error));
    }
  }
};

const nameOf = ({ kind, metadata: { name } }: NewObject): string => `${kind} "${name}"`;

const isThere = (object: NewObject): CommandError =>
  refused(
    'ObjectExists',
    `The ${nameOf(object)} is there already in the namespace "${object.metadata.namespace}". Nothing was changed.`,
    'Take another name for the policy with --name: its Secrets are named after it. Or delete what is there, where it is left from an earlier try.',
  );

// Somebody else was at work, or the API server went away, half-way.
const takenBack = async (
  { client }: Cluster,
  made: readonly { wanted: Wanted; uid: string | undefined }[],
  why: CommandError,
): Promise<CommandError> => {
  const left: string[] = [];
  for (const { wanted, uid } of made.toReversed()) {
    const { name, namespace } = wanted.object.metadata;
    await client
      .delete(wanted.resource, { name, namespace }, uid === undefined ? {} : { uid })
      .catch(() => left.push(nameOf(wanted.object)));
  }
  return left.length === 0
    ? why
    : new CommandError(exitCode.failed, why.code, `${why.message} Left behind: ${left.join(', ')}.`, `Delete what is left. ${why.next}`);
};
