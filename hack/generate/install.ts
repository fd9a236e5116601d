// manifests/install.yaml: the chart as plain YAML, for those who use no Helm.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const namespace = 'holdfast-system';

const head = `# Holdfast without Helm: kubectl apply -f install.yaml
# Made from charts/holdfast by hack/render.ts. Do not edit: manifests/kustomization.yaml shows how to put your own images in.
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

// Labels that would say that Helm looks after it, and the comment that Helm puts before each file.
const ofHelm = /^( *(helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*|# Source: .*)\n/gm;

// Needs helm on PATH.
export const installYaml = async (): Promise<string> => {
  const { stdout } = await promisify(execFile)(
    'helm',
    [
      'template',
      'holdfast',
      'charts/holdfast',
      '--namespace',
      namespace,
      '--include-crds',
      '--no-hooks',
      '--values',
      'charts/holdfast/ci/test-values.yaml',
    ],
    { cwd: root, maxBuffer: 16 * 1024 * 1024 },
  );
  return head + stdout.replaceAll(ofHelm, '');
};
