// Takes a Restore back: checks that it can be, asks, makes the Restore that undoes it, and follows that to its end.
import type { Restore } from '../../api/objects.ts';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import { mustBeConfirmed } from '../common/confirm.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { readDuration } from '../common/duration.ts';
import { exitCode, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { timeText } from '../common/figures.ts';
import { getRestore } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { lookAgain, needsIdentity } from '../emergency/follow.ts';
import { endingText } from '../restores/ending.ts';
import { readRestoreName } from '../restores/named.ts';
import { phasesText } from '../restores/phases.ts';
import { waitForRestore } from '../restores/wait.ts';
import { mustBeAvailable } from './available.ts';
import type { Undo } from './available.ts';
import type { IdentityOptions } from './identity.ts';
import { createUndo } from './create.ts';
import { identityFor, withIdentity } from './identity.ts';

export type UndoOptions = ClusterOptions & IdentityOptions & { confirm?: string; wait: boolean; timeout?: string };

export const undo = async (target: string, options: UndoOptions, io: Io): Promise<ExitCode> => {
  const name = readRestoreName(target);
  const timeoutMilliseconds = readTimeout(options);
  return withCluster(options, async (cluster) => {
    const restore = await getRestore(cluster, name);
    const available = mustBeAvailable(restore);
    const identity = await identityFor(cluster, restore, available, options);
    await mustBeMeant(restore, available, options.confirm, io);
    return withIdentity(cluster, restore, identity, io, async (lent) => {
      const { made, new: isNew } = await createUndo(cluster, restore, lent?.ref);
      await lent?.belongsTo(made);
      io.err(isNew ? `Created the Restore ${made.metadata.name}, which undoes ${name}.\n` : `${made.metadata.name} undoes it already.\n`);
      return options.wait ? follow(cluster, made, { timeoutMilliseconds, lent: identity?.kind === 'file' }, io) : leave(made, io);
    });
  });
};

const readTimeout = ({ timeout, wait }: UndoOptions): number => {
  if (timeout !== undefined && !wait) {
    throw wrongUse('--timeout is about waiting.', 'Leave out --timeout or --no-wait.');
  }
  return timeout === undefined ? Infinity : readDuration(timeout);
};

const mustBeMeant = ({ metadata, spec, status }: Restore, { components }: Undo, confirm: string | undefined, io: Io): Promise<void> => {
  const policy = `${metadata.namespace}/${spec.source.policyRef.name}`;
  return mustBeConfirmed(
    {
      answer: policy,
      given: confirm,
      option: '--confirm',
      what: `This puts ${components.join(', ')} of ${policy} back as it was before ${metadata.name}; what was written since ${timeText(status?.endTime)} is lost, and the workloads stop meanwhile.`,
    },
    io,
  );
};

type Following = { timeoutMilliseconds: number; lent: boolean };

const follow = async (cluster: Cluster, { metadata }: Restore, { timeoutMilliseconds, lent }: Following, io: Io): Promise<ExitCode> => {
  let seen: Restore | undefined;
  const tell = (restore: Restore): undefined => void (seen = restore);
  const look = () => waitForRestore(cluster, { of: metadata, timeoutMilliseconds, tell }, io);
  const done = await lookAgain(look, () => lent && seen !== undefined && needsIdentity(seen), io);
  io.out(endingText(done, io.colours));
  const steps = phasesText(done);
  if (steps !== '') {
    io.out(`Steps: ${steps}.\n`);
  }
  return exitCode.done;
};

const leave = ({ metadata: { name, namespace } }: Restore, io: Io): ExitCode => {
  io.out(`${name}\n`);
  io.err(`Follow it: kubectl holdfast wait restore/${name} -n ${namespace}\n`);
  return exitCode.done;
};
