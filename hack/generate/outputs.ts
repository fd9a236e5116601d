// Every generated file.
import { crdYaml } from './crd.ts';
import type { GeneratedFile } from './files.ts';
import { kinds } from './kinds.ts';

const crdFile = (plural: string) => `holdfast.dev_${plural}.yaml`;

export const outputs = async (): Promise<GeneratedFile[]> =>
  kinds.map((kind) => ({ path: `crds/${crdFile(kind.plural)}`, text: crdYaml(kind) }));
