// From the caches to facts about WAL receivers. Whose a Deployment is, and whose a pod, is decided by uids: names and labels anybody can write.
import { annotation, label } from '../../api/group.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { ReceiverFacts } from '../../core/receiver/facts.ts';
import { receiversOf } from '../../core/receiver/wanted.ts';
import { controllerOf } from '../../kube/object.ts';
import { byPolicy } from '../caches.ts';
import type { Deployment, Pod } from '../caches.ts';
import type { OperatorContext } from '../context.ts';
import { buildReceiver } from './deployment.ts';
import { podFacts, runOf } from './pod-facts.ts';
import { podOf } from './pod.ts';

// `onNews` is told of what a decision should see.
export const readReceivers = async (context: OperatorContext, policy: BackupPolicy, onNews: () => void): Promise<ReceiverFacts[]> => {
  const { namespace, name } = policy.metadata;
  const found = context.caches.deployments.cache.find(byPolicy(namespace, name));
  return Promise.all(found.map((deployment) => readReceiver(context, policy, deployment, onNews)));
};

const readReceiver = async (
  context: OperatorContext,
  policy: BackupPolicy,
  deployment: Deployment,
  onNews: () => void,
): Promise<ReceiverFacts> => {
  const { name = '', uid = '', labels = {}, deletionTimestamp } = deployment.metadata ?? {};
  const component = labels[label.component] ?? '';
  const ours = controllerOf(deployment)?.uid === policy.metadata.uid;
  const facts = {
    component,
    name,
    uid,
    ours,
    deleting: deletionTimestamp !== undefined,
    upToDate: ours && isUpToDate(context, policy, component, deployment),
    scaledDown: deployment.spec?.replicas === 0,
    aliveTime: context.receiverLines.aliveTime(uid),
  };
  const pod = ours ? await podOf(context, policy, deployment, component) : undefined;
  if (pod !== undefined) {
    return { ...facts, ...(await ofPod(context, uid, pod, onNews)) };
  }
  const blocked = whyNoPod(deployment);
  return { ...facts, ...(blocked === undefined ? {} : { pod: { state: 'Waiting', message: blocked } }) };
};

const ofPod = async (
  context: OperatorContext,
  uid: string,
  pod: Pod,
  onNews: () => void,
): Promise<Pick<ReceiverFacts, 'pod' | 'heard'>> => {
  const facts = await podFacts(context, pod);
  const heard = facts.state === 'Running' ? context.receiverLines.listen(uid, runOf(pod), onNews) : undefined;
  return { pod: facts, ...(heard === undefined ? {} : { heard }) };
};

// Only for a receiver that is wanted there is something to compare with. Where the policy cannot work as it is written, what runs stays.
const isUpToDate = (context: OperatorContext, policy: BackupPolicy, component: string, { metadata }: Deployment): boolean => {
  const major = policy.spec.components.find(({ name }) => name === component)?.postgresql?.version;
  if (!receiversOf(policy).some((wanted) => wanted.component === component)) {
    return false;
  }
  const madeFrom = metadata?.annotations?.[annotation.madeFrom];
  return (
    !context.agentImages.has(major ?? 0) ||
    buildReceiver(policy, component, context).metadata?.annotations?.[annotation.madeFrom] === madeFrom
  );
};

// A quota, or what else refuses its pod.
const whyNoPod = ({ status }: Deployment): string | undefined =>
  status?.conditions?.find(({ type, status: value }) => type === 'ReplicaFailure' && value === 'True')?.message;
