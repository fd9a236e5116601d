// Follows the Restore to its end. The first Ctrl-C does not take away the identity that the Restore still needs.
import type { Restore } from '../../api/objects.ts';
import type { Cluster } from '../common/cluster.ts';
import { CommandError } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import { restorePlanPage } from '../restores/plan-page.ts';
import { waitForRestore } from '../restores/wait.ts';

export type Followed = { restore: Restore; error?: CommandError };

// `lent`: the identity goes away with this command.
type Setting = { lent: boolean; objectiveSeconds: number };

export const followToEnd = async (cluster: Cluster, made: Restore, { lent, objectiveSeconds }: Setting, io: Io): Promise<Followed> => {
  let seen = made;
  let planShown = false;
  const tell = (restore: Restore): string | undefined => {
    seen = restore;
    const { plan } = restore.status ?? {};
    if (planShown || plan === undefined) {
      return undefined;
    }
    planShown = true;
    return restorePlanPage(restore, plan, io.errorColours);
  };
  const look = () => waitForRestore(cluster, { of: made.metadata, timeoutMilliseconds: Infinity, objectiveSeconds, tell }, io);
  try {
    return { restore: await lookAgain(look, () => lent && needsIdentity(seen), io) };
  } catch (error) {
    if (error instanceof CommandError) {
      return { restore: seen, error };
    }
    throw error;
  }
};

// The first Ctrl-C is not believed while `stays`.
export const lookAgain = async (look: () => Promise<Restore>, stays: () => boolean, { err, errorColours }: Io): Promise<Restore> => {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof CommandError && error.code === 'Interrupted' && stays())) {
      throw error;
    }
    err(
      `${errorColours.yellow('The restore still needs the identity that this command has lent it.')} It is followed on. Press Ctrl-C again to take the identity away and leave: then it cannot go on.\n`,
    );
    return look();
  }
};

const stagesThatRead = ['Planning', 'Approving', 'Quiescing', 'Restoring', 'UndoQuiescing', 'Undoing'];

// Its Jobs read the identity until everything is restored, or is back: what was there may lie in the store.
export const needsIdentity = ({ status }: Restore): boolean =>
  status?.endTime === undefined && (status?.stage === undefined || stagesThatRead.includes(status.stage));
