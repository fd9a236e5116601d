// The resources of this repository, in the cluster.
import { kubectl, mustKubectl } from './kubectl.ts';

export const installCrds = async (): Promise<void> => {
  const { code, stderr } = await kubectl(['apply', '-f', 'crds/']);
  // Another file of tests made them at the same moment: now they are there.
  if (code !== 0 && stderr.includes('AlreadyExists')) {
    await mustKubectl(['apply', '-f', 'crds/']);
  } else if (code !== 0) {
    throw new Error(stderr);
  }
  await mustKubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/']);
};
