// A restore in place, from the first look to the measured end: look, show, ask, make, follow, report.
import type { Restore } from '../../api/objects.ts';
import { durationMilliseconds } from '../../core/plan/time.ts';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import { mustBeConfirmed } from '../common/confirm.ts';
import { exitCode, undetermined } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { checkNamespace } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { printDocument } from '../common/output.ts';
import { restores } from '../common/resources.ts';
import { restoreName } from '../restores/names.ts';
import { followToEnd } from './follow.ts';
import type { Followed } from './follow.ts';
import { lendIdentity, readIdentity, tellLeftBehind } from './identity.ts';
import type { Identity, Lent } from './identity.ts';
import { offlineCommand, withOffline } from './offline.ts';
import type { EmergencyOptions } from './options.ts';
import { intentionPage, preparationPage } from './page.ts';
import { mustBePossible, prepare } from './prepare.ts';
import type { Preparation } from './prepare.ts';
import { reportDocument, reportText, stepsText } from './report.ts';
import { newRestore } from './request.ts';
import type { NewRestore } from './request.ts';
import { readWish } from './wish.ts';

export const emergency = async (options: EmergencyOptions, io: Io): Promise<ExitCode> => {
  const wish = readWish(options);
  const identity = await readIdentity(options);
  return withCluster(options, async (cluster) => {
    checkNamespace(cluster.namespace);
    const preparation = await withOffline(cluster, options, io, () => prepare(cluster, wish, identity, options, io));
    await mustBeMeant(preparation, io);
    const followed = await carryOut(cluster, preparation, identity, io);
    return report(followed, options, io);
  });
};

const mustBeMeant = async (preparation: Preparation, io: Io): Promise<void> => {
  const { policy, options } = preparation;
  io.err(preparationPage(preparation, io.errorColours));
  mustBePossible(preparation, offlineCommand(options, policy));
  io.err(intentionPage(preparation, io.errorColours, io.now()));
  const name = `${policy.metadata.namespace}/${policy.metadata.name}`;
  await mustBeConfirmed({ answer: name, given: options.confirm, option: '--confirm', what: `This replaces the data of ${name}.` }, io);
};

// Whatever happens, the identity that was lent is taken back.
const carryOut = async (cluster: Cluster, preparation: Preparation, identity: Identity, io: Io): Promise<Followed> => {
  const { name: policy, namespace } = preparation.policy.metadata;
  const name = restoreName(policy, io.now());
  const interrupted = io.interrupt();
  const lent = await lendIdentity(cluster, identity, { name, policy });
  try {
    if (interrupted.aborted) {
      throw undetermined('Interrupted', 'Stopped before the Restore was made. Nothing was done.', 'Run the command again.');
    }
    const made = await create(cluster, preparation, name, lent);
    io.err(`Created the Restore ${namespace}/${name}.\n`);
    const objectiveSeconds = durationMilliseconds(preparation.policy.spec.objectives.rto) / 1000;
    return await followToEnd(cluster, made, { lent: identity.kind === 'file', objectiveSeconds }, io);
  } finally {
    if (!(await lent.remove())) {
      tellLeftBehind(lent, namespace, io);
    }
  }
};

const create = async ({ client }: Cluster, preparation: Preparation, name: string, lent: Lent): Promise<Restore> => {
  const made = (await client.create<Restore | NewRestore>(restores, newRestore(preparation, name, lent.ref))) as Restore;
  await lent.belongsTo(made);
  return made;
};

const report = async ({ restore, error }: Followed, { output }: EmergencyOptions, io: Io): Promise<ExitCode> => {
  if (output === 'json') {
    await printDocument(output, reportDocument(restore, error), io);
  } else if (error === undefined) {
    io.out(reportText(restore, io.colours));
  } else {
    io.err(stepsText(restore, io.errorColours));
  }
  if (error !== undefined) {
    throw error;
  }
  return exitCode.done;
};
