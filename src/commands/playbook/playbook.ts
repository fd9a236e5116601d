// Reads the names of a policy, and prints the playbook with them.
import { readInstant } from '../../core/recovery/wish.ts';
import type { KubeError } from '../../kube/errors.ts';
import { isAway } from '../common/is-away.ts';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import { readContacts } from '../common/contacts.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { exitCode, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import { readOperators } from '../doctor/read.ts';
import { choosePolicy } from '../emergency/subject.ts';
import { knownClaim } from '../emergency/target.ts';
import { disasters } from './disasters.ts';
import type { DisasterName } from './disasters.ts';
import { namesOf, unknownNames } from './names.ts';
import type { Names } from './names.ts';
import { playbookPage } from './page.ts';
import { recall } from '../remembered/recall.ts';
import { remember } from '../remembered/remember.ts';
import { rememberedText } from '../remembered/tell.ts';

export type PlaybookOptions = ClusterOptions & { time?: string };

export const playbook = async (disaster: DisasterName, policy: string | undefined, options: PlaybookOptions, io: Io): Promise<ExitCode> => {
  const { time } = options;
  if (time !== undefined && readInstant(time) === undefined) {
    throw wrongUse(`"${time}" is no point in time.`, 'Write it in RFC 3339 with its offset, such as 2026-11-22T14:03:07Z.');
  }
  io.out(playbookPage(disasters[disaster], await readNames(policy, options, io), io.colours));
  return exitCode.done;
};

// In a disaster the API server may be away: then the page is printed all the same.
const readNames = (policy: string | undefined, options: PlaybookOptions, io: Io): Promise<Names> =>
  withCluster(options, async (cluster) => {
    try {
      return await askNames(cluster, policy, options, io);
    } catch (error) {
      if (!isAway(error)) {
        throw error;
      }
      return recallNames(cluster, policy, options, error, io);
    }
  });

const recallNames = async (
  cluster: Cluster,
  policy: string | undefined,
  { namespace, time }: PlaybookOptions,
  { message }: KubeError,
  io: Io,
): Promise<Names> => {
  const [known, ...others] = await recall(cluster, policy, io);
  if (known !== undefined && others.length === 0) {
    io.err(`The API server does not answer. ${rememberedText(known, io.now())} ${message}\n`);
    return namesOf(known, { claim: known.claim, contacts: known.contacts ?? [], time }, io.now());
  }
  io.err(`The API server does not answer: fill in what stands between < and >. ${message}\n`);
  return unknownNames(io.now(), {
    ...(namespace === undefined ? {} : { namespace }),
    ...(policy === undefined ? {} : { policy }),
    ...(time === undefined ? {} : { time }),
  });
};

const askNames = async (cluster: Cluster, name: string | undefined, { time }: PlaybookOptions, io: Io): Promise<Names> => {
  const policy = await choosePolicy(cluster, name);
  const operators = await readOperators(cluster.client);
  const [contacts, claim] = await Promise.all([readContacts(cluster.client, policy, operators), knownClaim(cluster, policy)]);
  await remember(cluster, policy, { contacts, claim }, io);
  return namesOf(policy, { claim, contacts: contacts ?? [], time }, io.now());
};
