// The running operator, told of one more agent image for the time of a test.
import { mustKubectl } from '../../cluster/kubectl.ts';

const deployment = ['deployment/holdfast', '-n', 'holdfast-system'];
const readImages = ['get', ...deployment, '-o', 'jsonpath={.spec.template.spec.containers[0].env[?(@.name=="AGENT_IMAGES")].value}'];

// Adds the image for a major version. Returns what takes it away again.
export const addAgentImage = async (major: number, reference: string): Promise<() => Promise<void>> => {
  const before = await mustKubectl(readImages);
  const { [String(major)]: _, ...others } = JSON.parse(before) as Record<string, string>;
  await setImages({ ...others, [String(major)]: reference });
  return () => setImages(others);
};

const setImages = async (images: Record<string, string>): Promise<void> => {
  await mustKubectl(['set', 'env', ...deployment, `AGENT_IMAGES=${JSON.stringify(images)}`]);
  await mustKubectl(['rollout', 'status', ...deployment, '--timeout=120s']);
};
