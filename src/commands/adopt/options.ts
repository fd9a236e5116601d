// The options of `adopt`, and which of them go with which of its two works.
import type { ClusterOptions } from '../common/definition.ts';
import { wrongUse } from '../common/errors.ts';
import type { LocationOptions } from '../common/location.ts';

export type AdoptOptions = ClusterOptions &
  LocationOptions & {
    bucket?: string;
    prefix?: string;
    identity?: string[];
    verificationKey?: string[];
    name?: string;
    credentialsSecret?: string;
    dryRun?: boolean;
    output?: 'json' | 'yaml';
    takeOver?: boolean;
    confirm?: string;
    timeout?: string;
  };

const onlyBucket = [
  'prefix',
  'identity',
  'verificationKey',
  'name',
  'credentialsSecret',
  'dryRun',
  'output',
  'endpoint',
  'region',
  'caFile',
  'credentialsDir',
] as const;
const onlyTakeOver = ['takeOver', 'confirm', 'timeout'] as const;

const written = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

// Nothing that was written is ignored.
export const mustFit = (policy: string | undefined, options: AdoptOptions): void => {
  if (options.bucket === undefined && policy === undefined) {
    throw wrongUse(
      'It is not said what to adopt.',
      'Name a bucket with --bucket and --prefix; or a policy that shall become the writer, with --take-over.',
    );
  }
  if (options.bucket !== undefined && policy !== undefined) {
    throw wrongUse('A policy and --bucket exclude each other.', `Name the new policy with --name ${policy}, or leave --bucket out.`);
  }
  const strange = (options.bucket === undefined ? onlyBucket : onlyTakeOver).find((name) => options[name] !== undefined);
  if (strange !== undefined) {
    throw options.bucket === undefined
      ? wrongUse(`${written(strange)} goes with --bucket.`, 'Leave it out, or name the bucket.')
      : wrongUse(
          `${written(strange)} does not go with --bucket: adopting a bucket only reads it.`,
          'Leave it out. To become the writer afterwards: kubectl holdfast adopt <policy> --take-over',
        );
  }
};
