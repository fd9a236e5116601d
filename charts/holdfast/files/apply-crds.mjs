// Applies every CRD of a folder to the cluster it runs in, and waits until the API server serves them. Deletes nothing.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const folder = process.argv[2];
const token = await readFile('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8');
const host = process.env.KUBERNETES_SERVICE_HOST;
const server = `https://${host.includes(':') ? `[${host}]` : host}:${process.env.KUBERNETES_SERVICE_PORT}`;
const attempts = 60;
// Helm's own name: an install that follows finds no other owner of the fields.
const fieldManager = 'helm';

const request = async (name, options = {}) => {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const response = await fetch(`${server}${path}${options.query ?? ''}`, {
    method: options.method ?? 'GET',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/apply-patch+yaml' },
    ...(options.body !== undefined && { body: options.body }),
    signal: AbortSignal.timeout(30_000),
  });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(`The API server refused the CRD ${name}: ${answer.message}`);
  }
  return answer;
};

const established = (crd) => crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');

const apply = async (file) => {
  const body = await readFile(join(folder, file), 'utf8');
  const name = /^ {2}name: (\S+)$/m.exec(body)[1];
  let crd = await request(name, { method: 'PATCH', query: `?fieldManager=${fieldManager}&force=true`, body });
  for (let attempt = 0; !established(crd); attempt += 1) {
    if (attempt === attempts) {
      throw new Error(`The CRD ${name} is not served after ${attempts} seconds: look at its conditions with kubectl describe crd ${name}`);
    }
    await sleep(1000);
    crd = await request(name);
  }
  console.log(`${name}: up to date, generation ${crd.metadata.generation}`);
};

try {
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.yaml')).toSorted()) {
    await apply(file);
  }
} catch (error) {
  console.error(`${error.message}${error.cause ? `: ${error.cause.message}` : ''}`);
  process.exitCode = 1;
}
