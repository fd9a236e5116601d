// The AWS client: one per store, with its own sockets, credentials from files, and checksums on every upload.
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { Agent as PlainAgent } from 'node:http';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { registerSecret } from '../telemetry/redact.ts';
import { StoreError } from './errors.ts';
import { signByChecksum } from './s3-checksums.ts';
import { retryStrategy } from './s3-retry.ts';
import type { StoreLocation } from './store.ts';

export type S3Location = Extract<StoreLocation, { kind: 's3' }>;

// How patient the store is. Tests of failing services are not.
export type Patience = {
  // Of one request, the first try included, and the pause after the first one; pauses double.
  attempts: number;
  firstPauseMilliseconds: number;
  // A connection on which nothing moves for so long is given up. Completing a large upload may take a server many seconds.
  silentMilliseconds: number;
};

// With pauses: about 25 s until a service that refuses connections is given up.
export const usualPatience: Patience = { attempts: 8, firstPauseMilliseconds: 250, silentMilliseconds: 120_000 };
const connectMilliseconds = 10_000;
// A rotated Secret is seen after this time.
const credentialsLifeMilliseconds = 60_000;

const readCredentials = (directory: string) => async () => {
  const value = async (name: string): Promise<string> => {
    const path = join(directory, name);
    try {
      const text = (await readFile(path, 'utf8')).trim();
      registerSecret(text);
      return text;
    } catch (cause) {
      throw new StoreError('StoreMisconfigured', `The Secret of the tier has no key "${name}". It needs accessKeyId and secretAccessKey.`, {
        cause,
      });
    }
  };
  const sessionToken = existsSync(join(directory, 'sessionToken')) ? { sessionToken: await value('sessionToken') } : {};
  return {
    accessKeyId: await value('accessKeyId'),
    secretAccessKey: await value('secretAccessKey'),
    ...sessionToken,
    expiration: new Date(Date.now() + credentialsLifeMilliseconds),
  };
};

const certificates = (caFile: string | undefined): { ca?: Buffer } => {
  if (caFile === undefined) {
    return {};
  }
  try {
    return { ca: readFileSync(caFile) };
  } catch (cause) {
    throw new StoreError('StoreMisconfigured', `The certificates of the tier (caSecretRef) cannot be read from ${caFile}.`, { cause });
  }
};

export const makeClient = (location: S3Location, patience: Patience): S3Client => {
  const sockets = { keepAlive: true, maxSockets: 32 };
  const config: S3ClientConfig = {
    region: location.region,
    forcePathStyle: location.forcePathStyle,
    retryStrategy: retryStrategy(patience.attempts, patience.firstPauseMilliseconds),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: connectMilliseconds,
      socketTimeout: patience.silentMilliseconds,
      httpsAgent: new Agent({ ...sockets, ...certificates(location.caFile) }),
      httpAgent: new PlainAgent(sockets),
    }),
    ...(location.endpoint === undefined ? {} : { endpoint: location.endpoint }),
    ...(location.credentialsDirectory === undefined ? {} : { credentials: readCredentials(location.credentialsDirectory) }),
  };
  const client = new S3Client(config);
  signByChecksum(client);
  return client;
};
