// The logs of a Restore: those of its pods. Nothing of them is kept in the store; what it did stands in its status.
import type { Restore } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import type { Cluster } from '../common/cluster.ts';
import { exitCode, notFound, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { getRestore } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { followPods, readPods } from './from-pods.ts';
import type { Looked } from './from-pods.ts';
import type { LogPrinter } from './printer.ts';
import { findRestoreSources } from './sources.ts';

type Options = { follow: boolean; component: string | undefined };

const gone = 'The pod is gone, and its log with it.';

export const restoreLogs = async (
  cluster: Cluster,
  name: string,
  { follow, component }: Options,
  printer: LogPrinter,
  io: Io,
): Promise<ExitCode> => {
  const restore = await getRestore(cluster, name);
  checkComponent(restore, component);
  if (follow && !hasEnded(restore)) {
    await followPods(cluster, looking(cluster, restore, component), { printer, io, gone });
    return exitCode.done;
  }
  const sources = await findRestoreSources(cluster, restore, component);
  if (sources.length === 0) {
    throw notFound(
      'NoLog',
      `There is no pod of the Restore ${restore.metadata.namespace}/${name}${hasEnded(restore) ? ' any more' : ' yet'}.`,
      `What it did stands in its status: kubectl describe restores.holdfast.dev ${name} -n ${restore.metadata.namespace}`,
    );
  }
  await readPods(cluster, sources, { printer, io, gone });
  return exitCode.done;
};

const hasEnded = ({ status }: Restore): boolean => status?.endTime !== undefined;

// The first look is at what was read already.
const looking = (cluster: Cluster, first: Restore, component: string | undefined): (() => Promise<Looked>) => {
  let next: Restore | undefined = first;
  return async () => {
    const current = next ?? (await getRestore(cluster, first.metadata.name));
    next = undefined;
    const idle = current.status?.startTime === undefined ? whyIdle(current) : undefined;
    return {
      name: current.metadata.name,
      ended: hasEnded(current),
      ...(idle === undefined ? {} : { idle }),
      sources: await findRestoreSources(cluster, current, component),
    };
  };
};

const whyIdle = ({ status }: Restore): string =>
  findCondition(status?.conditions, 'Succeeded')?.message ?? 'The operator has not looked at it yet.';

const checkComponent = ({ spec, status }: Restore, component: string | undefined): void => {
  const known = (status?.components ?? spec.components)?.map(({ name }) => name);
  if (component !== undefined && known !== undefined && !known.includes(component)) {
    throw wrongUse(`The Restore has no component "${component}".`, `It has ${known.join(', ')}.`);
  }
};
