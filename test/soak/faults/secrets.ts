// What can happen to the credentials of the store.
import { mustKubectl } from '../../cluster/kubectl.ts';
import { applySecret } from '../scene.ts';
import type { Scene } from '../scene.ts';
import type { Fault } from './fault.ts';
import { once } from './fault.ts';

const renew = async ({ server, namespace, parts }: Scene): Promise<void> => {
  if (server.renewWriter === undefined) {
    throw new Error(`${server.name} cannot change a secret.`);
  }
  parts.storeLogin = await server.renewWriter();
  await applySecret(namespace, 'store', parts.storeLogin);
};

const notMounted = ['Failed (StartFailed)'];

export const secretFaults: Fault[] = [
  // The old credentials are refused at once, also those that a running agent has.
  once({ name: 'secret-rotated', title: 'Secret of S3 rotated', reach: 'scene', inject: renew }),
  {
    name: 'secret-deleted',
    title: 'Secret of S3 deleted',
    reach: 'scene',
    async inject({ namespace }) {
      await mustKubectl(['delete', 'secret', 'store', '-n', namespace]);
    },
    heal: ({ namespace, parts }) => applySecret(namespace, 'store', parts.storeLogin),
    // A pod that runs has its files; no other one can start.
    ends: { start: notMounted, base: notMounted, logical: notMounted },
  },
];
