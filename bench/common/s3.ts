// An S3 server on a loopback port, over TLS, its data on the same disk as everything else.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { makeCertificates } from '../../test/stores/certificates.ts';
import { freePort } from '../../test/stores/servers.ts';
import type { ProcessGroup } from './process-group.ts';
import { benchDirectory } from './settings.ts';

export const bucket = 'holdfast-bench';

export type S3Server = {
  port: number;
  caFile: string;
  accessKeyId: string;
  secretAccessKey: string;
  // Files `accessKeyId` and `secretAccessKey`, as our agent reads them.
  credentialsDirectory: string;
  // The bucket's objects as plain files.
  bucketDirectory: string;
};

const accessKeyId = 'bench';
const secretAccessKey = 'secret-of-the-bench';
const startTries = 100;

// Starts versitygw in a group of its own.
export const startS3 = async (group: ProcessGroup): Promise<S3Server> => {
  const path = join(dirname(benchDirectory), 'bin/versitygw');
  if (!existsSync(path)) {
    throw new Error(`${path} is missing. Run hack/bootstrap cluster.`);
  }
  const directory = join(benchDirectory, 's3');
  await rm(directory, { recursive: true, force: true });
  const data = join(directory, 'data');
  const credentialsDirectory = join(directory, 'credentials');
  await mkdir(data, { recursive: true });
  await mkdir(credentialsDirectory);
  await writeFile(join(credentialsDirectory, 'accessKeyId'), accessKeyId);
  await writeFile(join(credentialsDirectory, 'secretAccessKey'), secretAccessKey);
  const { caFile, certFile, keyFile } = await makeCertificates(directory);
  const port = await freePort();
  const words = [path, '--port', `127.0.0.1:${port}`, '--quiet', '--cert', certFile, '--key', keyFile, 'posix', data];
  const [command, ...parameters] = [...group.enter, ...words];
  spawn(command, parameters, {
    stdio: 'ignore',
    env: { HOME: directory, PATH: process.env['PATH'], ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
  });
  await makeBucket(`https://127.0.0.1:${port}`, caFile);
  return { port, caFile, accessKeyId, secretAccessKey, credentialsDirectory, bucketDirectory: join(data, bucket) };
};

const makeBucket = async (endpoint: string, caFile: string): Promise<void> => {
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: readFileSync(caFile) }) }),
  });
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        await client.send(new CreateBucketCommand({ Bucket: bucket }));
        return;
      } catch (error) {
        if (tries === startTries) {
          throw error;
        }
        await pause(100);
      }
    }
  } finally {
    client.destroy();
  }
};
