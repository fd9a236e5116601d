// Where a repository lies, from the words of the command line.
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { TierPlan } from '../../api/agent.ts';
import { notFound, wrongUse } from './errors.ts';

export type LocationOptions = { endpoint?: string; region?: string; caFile?: string; credentialsDir?: string };
export type Location = TierPlan['location'];

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const defaultRegion = 'us-east-1';

export const readLocation = async (from: string, options: LocationOptions, environment: NodeJS.ProcessEnv): Promise<Location> => {
  if (from.startsWith('s3://')) {
    return bucketLocation(from, options, environment);
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(from)) {
    throw wrongUse(`"${from}" is no location that Holdfast can read.`, 'Write a folder, or s3://<bucket>/<prefix>.');
  }
  if (Object.values({ ...pick(options) }).some((value) => value !== undefined)) {
    throw wrongUse(
      '--endpoint, --region, --ca-file and --credentials-dir are about buckets.',
      `Leave them out for a folder, or write s3://<bucket>/<prefix> instead of "${from}".`,
    );
  }
  return { kind: 'directory', directory: await folderAt(from) };
};

const pick = ({ endpoint, region, caFile, credentialsDir }: LocationOptions): LocationOptions => ({
  ...(endpoint === undefined ? {} : { endpoint }),
  ...(region === undefined ? {} : { region }),
  ...(caFile === undefined ? {} : { caFile }),
  ...(credentialsDir === undefined ? {} : { credentialsDir }),
});

const folderAt = async (path: string): Promise<string> => {
  const directory = resolve(path);
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw notFound('NoRepository', `There is no folder ${directory}.`, 'Name the folder that holds holdfast.json.');
  }
  return directory;
};

const bucketLocation = async (from: string, options: LocationOptions, environment: NodeJS.ProcessEnv): Promise<Location> => {
  const [bucket = '', ...parts] = from.slice('s3://'.length).split('/');
  const prefix = parts.filter((part) => part !== '').join('/');
  if (!bucketName.test(bucket) || prefix === '' || parts.includes('..')) {
    throw wrongUse(
      `"${from}" is not s3://<bucket>/<prefix>.`,
      'Write both, such as s3://holdfast/shop/shop; the prefix is <namespace>/<policy> where the tier names none.',
    );
  }
  const caFile = options.caFile ?? given(environment['AWS_CA_BUNDLE']);
  const { endpoint, credentialsDir } = options;
  await mustRead(caFile, 'The certificates');
  await mustRead(credentialsDir && resolve(credentialsDir, 'accessKeyId'), 'The access key');
  return {
    kind: 's3',
    bucket,
    prefix,
    region: options.region ?? given(environment['AWS_REGION']) ?? given(environment['AWS_DEFAULT_REGION']) ?? defaultRegion,
    forcePathStyle: true,
    ...(endpoint === undefined ? {} : { endpoint: checkEndpoint(endpoint) }),
    ...(caFile === undefined ? {} : { caFile: resolve(caFile) }),
    ...(credentialsDir === undefined ? {} : { credentialsDirectory: resolve(credentialsDir) }),
  };
};

const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

const checkEndpoint = (endpoint: string): string => {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw wrongUse(`"${endpoint}" is no address of a service.`, 'Write scheme, host and port, such as https://s3.example.org:9000.');
  }
  // The value is not repeated: it holds a password.
  if (url.username !== '' || url.password !== '') {
    throw wrongUse('--endpoint must not hold a user or password.', 'Put them into the environment or --credentials-dir.');
  }
  return endpoint.replace(/\/+$/, '');
};

const mustRead = async (file: string | undefined, what: string): Promise<void> => {
  if (file === undefined) {
    return;
  }
  try {
    await access(file, constants.R_OK);
  } catch {
    throw wrongUse(`${what} cannot be read from ${file}.`, 'Check --ca-file and --credentials-dir.');
  }
};
