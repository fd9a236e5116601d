// The demo that these tests build on: its places on this machine, its keys, its images.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustKubectl, root } from '../../cluster/kubectl.ts';

export const clusterDirectory = join(root, '.cluster');
export const demoDirectory = join(clusterDirectory, 'demo');
// The bucket `holdfast` as the S3 server keeps it: plain files.
export const bucketDirectory = join(demoDirectory, 'bucket/holdfast');
export const identityFile = join(demoDirectory, 'identity.txt');

// A password, key or name of the demo, such as `store/writer.key`.
export const demoSecret = (path: string): string => readFileSync(join(demoDirectory, 'secrets', path), 'utf8').trim();

export const demoVerificationKey = (): { id: string; key: string } => ({
  id: demoSecret('holdfast/verification.id'),
  key: demoSecret('holdfast/verification.key'),
});

// Reference of an image that hack/images/build made.
export const image = (name: string): string => {
  const images = JSON.parse(readFileSync(join(clusterDirectory, 'images.json'), 'utf8')) as Record<string, string>;
  const found = images[name];
  if (found === undefined) {
    throw new Error(`There is no image "${name}" in .cluster/images.json. Run hack/images/build ${name}.`);
  }
  return found;
};

// The folder on this machine behind a claim, and the volume's name.
export const claimDirectory = async (namespace: string, claim: string): Promise<string> => {
  const volume = await mustKubectl(['get', 'pvc', claim, '-n', namespace, '-o', 'jsonpath={.spec.volumeName}']);
  return mustKubectl(['get', 'pv', volume, '-o', 'jsonpath={.spec.local.path}']);
};
