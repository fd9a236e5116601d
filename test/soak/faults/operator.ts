// The operator dies.
import { kubectl } from '../../cluster/kubectl.ts';
import { podsOf } from '../../e2e/support/places.ts';
import { pidsOf } from '../agents.ts';
import { once } from './fault.ts';
import type { Fault } from './fault.ts';

const namespace = 'holdfast-system';

// The name of the pod that leads, where there is a Lease.
const leader = async (): Promise<string | undefined> => {
  const { code, stdout } = await kubectl(['get', 'leases', '-n', namespace, '-o', 'jsonpath={.items[*].spec.holderIdentity}']);
  return code === 0 && stdout !== '' ? stdout : undefined;
};

export const killOperator = async (): Promise<void> => {
  const pods = await podsOf(['-n', namespace, '--field-selector=status.phase=Running']);
  const leads = await leader();
  const chosen = pods.filter(({ metadata }) => leads === undefined || leads.includes(metadata?.name ?? ''));
  const pids = chosen.flatMap(({ metadata }) => pidsOf(metadata?.uid ?? '', 'operator.js'));
  if (pids.length === 0) {
    throw new Error(`No process of an operator was found in ${pods.length} pods.`);
  }
  pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
};

export const operatorFaults: Fault[] = [
  once({ name: 'operator-killed', title: 'operator killed (SIGKILL)', reach: 'scene', inject: killOperator }),
];
