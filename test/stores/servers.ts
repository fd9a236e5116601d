// Real S3 servers for tests: processes on loopback ports, over TLS, with an account that may write and read, never delete.
import { createHash } from 'node:crypto';
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Agent } from 'node:https';
import { readFileSync } from 'node:fs';
import type { S3Location } from '../../src/stores/s3-client.ts';
import { makeCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';

export const bucket = 'holdfast';
export const rootKeys = { accessKeyId: 'root-of-tests', secretAccessKey: 'secret-of-the-root-of-tests' };

export type S3Server = {
  name: string;
  endpoint: string;
  certificates: Certificates;
  // Folder of the bucket's files, as the server keeps them.
  dataDirectory: string;
  // A location as the agent gets it, with the account that may not delete.
  location: (prefix: string, changes?: Partial<S3Location>) => S3Location;
  // Credentials of the writer, and of an account that has no right to the bucket.
  writer: Record<string, string>;
  stranger: Record<string, string>;
  // A folder with such credentials.
  credentials: (files: Record<string, string>) => Promise<string>;
  // Everything is allowed to this client.
  root: S3Client;
  // Gives the writer another secret; the old one is refused from now on. Only where the server can do that.
  renewWriter?: () => Promise<Record<string, string>>;
  // Those of the keys whose uploads were begun and neither finished nor aborted. Each is asked for by itself: MinIO lists no others.
  openUploads: (prefix: string, keys: Iterable<string>) => Promise<string[]>;
  stop: () => Promise<void>;
};

export const cacheDirectory = process.env['HOLDFAST_CACHE'] ?? join(homedir(), '.cache/holdfast');

// The path of a server's program. A missing one fails the test: what was not tried did not pass.
const program = (name: string): string => {
  const path = join(cacheDirectory, 'bin', name);
  if (!existsSync(path)) {
    throw new Error(`${path} is missing. Run hack/bootstrap cluster test.`);
  }
  return path;
};

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

type Started = { endpoint: string; certificates: Certificates; directory: string; child: ChildProcess };
type Parameters = (port: number, directory: string, certificates: Certificates) => string[];

const startsTried = 3;
const startSeconds = 60;

// Somebody else may take the free port before the server does: it is started again on another one.
const start = async (name: string, parameters: Parameters, environment: Record<string, string>): Promise<Started> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(name, parameters, environment);
    } catch (error) {
      if (tries === startsTried) {
        throw error;
      }
    }
  }
};

const startOnce = async (name: string, parameters: Parameters, environment: Record<string, string>): Promise<Started> => {
  const path = program(name);
  const directory = await mkdtemp(join(tmpdir(), `holdfast-${name}-`));
  const certificates = await makeCertificates(directory);
  for (const folder of ['data', 'accounts', 'versions']) {
    await mkdir(join(directory, folder));
  }
  const port = await freePort();
  // A test that dies or is cut off must not leave its server behind.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', path, ...parameters(port, directory, certificates)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { HOME: directory, PATH: process.env['PATH'], ...environment },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  // Nor may it wait for it.
  for (const each of [child, child.stdout as Socket, child.stderr as Socket]) {
    each.unref();
  }
  const endpoint = `https://127.0.0.1:${port}`;
  for (const end = Date.now() + startSeconds * 1000; ;) {
    if (child.exitCode !== null || Date.now() > end) {
      child.kill('SIGKILL');
      throw new Error(`${name} did not start: ${output}`);
    }
    const answer = await curl(certificates, ['--output', '/dev/null', '--write-out', '%{http_code}', endpoint]).catch(() => '000');
    if (answer !== '000') {
      return { endpoint, certificates, directory, child };
    }
    await pause(100);
  }
};

const curl = async (certificates: Certificates, parameters: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)('curl', ['--silent', '--show-error', '--cacert', certificates.caFile, ...parameters]);
  return stdout;
};

// A request signed by the root account.
const asRoot = async (server: Started, service: string, method: string, path: string, body?: string): Promise<string> => {
  const digest = createHash('sha256')
    .update(body ?? '')
    .digest('hex');
  const signature = ['--user', `${rootKeys.accessKeyId}:${rootKeys.secretAccessKey}`, '--aws-sigv4', `aws:amz:us-east-1:${service}`];
  // A server that has just started answers 503 until it is ready; curl tries those again.
  const patient = ['--retry', '20', '--retry-delay', '1'];
  const content = ['--header', `x-amz-content-sha256: ${digest}`, ...(body === undefined ? [] : ['--data-binary', body])];
  const answer = await curl(server.certificates, [
    '--fail-with-body',
    ...patient,
    ...signature,
    ...content,
    '--request',
    method,
    `${server.endpoint}${path}`,
  ]).catch((error: unknown) => {
    throw new Error(`${method} ${path}: ${(error as { stdout: string }).stdout}`, { cause: error });
  });
  return answer;
};

// The SDK itself, without the store around it.
export const clientFor = (endpoint: string, caFile: string, credentials: typeof rootKeys): S3Client =>
  new S3Client({
    endpoint,
    credentials,
    region: 'us-east-1',
    forcePathStyle: true,
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: readFileSync(caFile) }) }),
  });

type Accounts = { writer: Record<string, string>; stranger: Record<string, string> };

const finish = async (name: string, server: Started, { writer, stranger }: Accounts): Promise<S3Server> => {
  let folders = 0;
  const credentials = async (files: Record<string, string>): Promise<string> => {
    folders += 1;
    const folder = join(server.directory, `credentials-${folders}`);
    await mkdir(folder);
    for (const [file, content] of Object.entries(files)) {
      await writeFile(join(folder, file), `${content}\n`);
    }
    return folder;
  };
  const credentialsDirectory = await credentials(writer);
  const root = clientFor(server.endpoint, server.certificates.caFile, rootKeys);
  return {
    name,
    endpoint: server.endpoint,
    certificates: server.certificates,
    dataDirectory: join(server.directory, 'data', bucket),
    writer,
    stranger,
    credentials,
    root,
    location: (prefix, changes = {}) => ({
      kind: 's3',
      bucket,
      prefix,
      region: 'us-east-1',
      endpoint: server.endpoint,
      forcePathStyle: true,
      credentialsDirectory,
      caFile: server.certificates.caFile,
      ...changes,
    }),
    async openUploads(prefix, keys) {
      const open: string[] = [];
      for (const key of keys) {
        const wanted = `${prefix}/${key}`;
        const { Uploads = [] } = await root.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: wanted }));
        open.push(...Uploads.filter(({ Key }) => Key === wanted).map(() => key));
      }
      return open;
    },
    async stop() {
      root.destroy();
      server.child.ref();
      const ended = new Promise((resolve) => server.child.once('exit', resolve));
      server.child.kill('SIGKILL');
      await ended;
      await rm(server.directory, { recursive: true, force: true });
    },
  };
};

// May write and read in the bucket, and not delete, but safety copies of restores.
const policyFor = (principal?: string, of = bucket) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        ...(principal === undefined ? {} : { Principal: { AWS: [principal] } }),
        Action: ['s3:PutObject', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
        Resource: `arn:aws:s3:::${of}/*`,
      },
      {
        Effect: 'Allow',
        ...(principal === undefined ? {} : { Principal: { AWS: [principal] } }),
        Action: ['s3:DeleteObject'],
        Resource: `arn:aws:s3:::${of}/*/safety/*`,
      },
      {
        Effect: 'Allow',
        ...(principal === undefined ? {} : { Principal: { AWS: [principal] } }),
        Action: ['s3:ListBucket', 's3:ListBucketMultipartUploads', 's3:GetBucketLocation'],
        Resource: `arn:aws:s3:::${of}`,
      },
    ],
  });

export const startVersitygw = async (): Promise<S3Server> => {
  const server = await start(
    'versitygw',
    (port, directory, { certFile, keyFile }) => {
      const accounts = ['--iam-dir', join(directory, 'accounts'), '--iam-cache-disable'];
      const backend = ['posix', '--versioning-dir', join(directory, 'versions'), join(directory, 'data')];
      return ['--port', `127.0.0.1:${port}`, '--cert', certFile, '--key', keyFile, '--quiet', ...accounts, ...backend];
    },
    { ROOT_ACCESS_KEY: rootKeys.accessKeyId, ROOT_SECRET_KEY: rootKeys.secretAccessKey },
  );
  const account = async (accessKeyId: string): Promise<Record<string, string>> => {
    const secretAccessKey = `secret-of-the-${accessKeyId}`;
    const body = `<Account><Access>${accessKeyId}</Access><Secret>${secretAccessKey}</Secret><Role>user</Role></Account>`;
    await asRoot(server, 's3', 'PATCH', '/create-user', body);
    return { accessKeyId, secretAccessKey };
  };
  const accounts = { writer: await account('writer'), stranger: await account('stranger') };
  await asRoot(server, 's3', 'PUT', `/${bucket}`);
  await asRoot(server, 's3', 'PUT', `/${bucket}?policy=`, policyFor('writer'));
  let renewals = 0;
  const renewWriter = async (): Promise<Record<string, string>> => {
    renewals += 1;
    const secretAccessKey = `secret-number-${renewals}-of-the-writer`;
    const body = `<MutableProps><Secret>${secretAccessKey}</Secret></MutableProps>`;
    await asRoot(server, 's3', 'PATCH', '/update-user?access=writer', body);
    return { accessKeyId: 'writer', secretAccessKey };
  };
  return { ...(await finish('versitygw', server, accounts)), renewWriter };
};

export const startMinio = async (): Promise<S3Server> => {
  const server = await start(
    'minio',
    (port, directory) => ['server', '--address', `127.0.0.1:${port}`, '--certs-dir', directory, '--quiet', join(directory, 'data')],
    {
      MINIO_ROOT_USER: rootKeys.accessKeyId,
      MINIO_ROOT_PASSWORD: rootKeys.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
  );
  await asRoot(server, 's3', 'PUT', `/${bucket}`);
  // Temporary credentials: they prove the session token, too.
  const role = async (policy: string): Promise<Record<string, string>> => {
    const form = new URLSearchParams({ Action: 'AssumeRole', Version: '2011-06-15', DurationSeconds: '3600', Policy: policy });
    const answer = await asRoot(server, 'sts', 'POST', '/', form.toString());
    const value = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer)?.[1] ?? '';
    return { accessKeyId: value('AccessKeyId'), secretAccessKey: value('SecretAccessKey'), sessionToken: value('SessionToken') };
  };
  return finish('MinIO', server, { writer: await role(policyFor()), stranger: await role(policyFor(undefined, 'another')) });
};
