// Everything that is known before anything is made.
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import type { Cluster } from '../common/cluster.ts';
import { readContacts } from '../common/contacts.ts';
import { refused } from '../common/errors.ts';
import { listBackups } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { checkOperator } from '../doctor/checks/installation.ts';
import type { Finding } from '../doctor/finding.ts';
import { readOperators } from '../doctor/read.ts';
import type { Operators } from '../doctor/read.ts';
import { recall } from '../remembered/recall.ts';
import { remember } from '../remembered/remember.ts';
import { backupFinding, backupIdOf } from './backup-known.ts';
import type { Identity } from './identity.ts';
import type { EmergencyOptions } from './options.ts';
import { identityFinding, policyFinding, roomFinding, targetFinding } from './prerequisites.ts';
import { chooseComponent, choosePolicy } from './subject.ts';
import type { Database } from './subject.ts';
import { findTarget } from './target.ts';
import type { Target } from './target.ts';
import type { Wish } from './wish.ts';

export type Preparation = {
  policy: BackupPolicy;
  component: Database;
  target: Target;
  // With the name in the store.
  wish: Wish;
  // The backup that was named, where the cluster knows it.
  backup?: Backup;
  options: EmergencyOptions;
  findings: Finding[];
  contacts: string[];
};

export const prepare = async (
  cluster: Cluster,
  asked: Wish,
  identity: Identity,
  options: EmergencyOptions,
  io: Io,
): Promise<Preparation> => {
  const policy = await choosePolicy(cluster, options.policy);
  mustHaveTier(policy, options.tier);
  const component = chooseComponent(policy, options.component);
  const target = await findTarget(cluster, component, options, io);
  const [backups, operators] = await Promise.all([listBackups(cluster.client, cluster.namespace), readOperators(cluster.client)]);
  const known = backups.filter(({ spec }) => spec.policyRef.name === policy.metadata.name);
  const wish = asked.backup === undefined ? asked : { ...asked, backup: backupIdOf(asked.backup, known) };
  const backup = known.find(({ status }) => wish.backup !== undefined && status?.backupId === wish.backup);
  const findings = [
    policyFinding(policy),
    backupFinding(wish, policy, known, component.name, io.now()),
    await identityFinding(cluster, identity, policy),
    targetFinding(target, cluster.namespace),
    roomFinding(target, policy),
    ...checkOperator(operators, io.now()),
  ];
  const contacts = await contactsOf(cluster, policy, target, operators, io);
  return { policy, component, target, wish, options, findings, contacts, ...(backup === undefined ? {} : { backup }) };
};

// Who may not read the settings of the operator is told what this machine knew before.
const contactsOf = async (cluster: Cluster, policy: BackupPolicy, { claim }: Target, operators: Operators, io: Io): Promise<string[]> => {
  const contacts = await readContacts(cluster.client, policy, operators);
  await remember(cluster, policy, { contacts, claim }, io);
  return contacts ?? (await recall(cluster, policy.metadata.name, io))[0]?.contacts ?? [];
};

const mustHaveTier = ({ spec, metadata }: BackupPolicy, tier: string | undefined): void => {
  if (tier !== undefined && !spec.tiers.some(({ name }) => name === tier)) {
    throw refused(
      'TierNotFound',
      `The policy ${metadata.namespace}/${metadata.name} has no tier "${tier}".`,
      `It has ${spec.tiers.map(({ name }) => name).join(', ')}: name one of them with --tier.`,
    );
  }
};

// What is not known does not stop anybody; what is known to be wrong does.
export const mustBePossible = ({ findings }: Preparation, offline: string): void => {
  const problems = findings.filter(({ state }) => state === 'Problem');
  const [first] = problems;
  if (first !== undefined) {
    throw refused(
      'PrerequisiteMissing',
      `This cannot work: ${problems.map(({ check, says }) => `${check}: ${says}`).join(' ')} Nothing was done.`,
      `${first.next ?? 'Mend what the message names.'} Without the cluster this would work: ${offline}`,
    );
  }
};
