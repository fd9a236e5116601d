// Just enough of an API server to play scenes that a real one would take hours for: runs that go on, pods that vanish, answers that fail.
// The same commands are tried on a real one in test/cluster/commands.test.ts.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { temporaryFolder } from '../temporary-folder.ts';

type Meta = { name: string; namespace: string; uid: string; labels?: Record<string, string>; annotations?: Record<string, string> };
// Scenes put objects of every kind in.
// oxlint-disable-next-line typescript/no-explicit-any
export type Item = { metadata: Meta; [field: string]: any };
export type Answer = { status: number; body?: object };

export type WatchLine = { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR'; object: object };

export type Scene = {
  // By collection, such as `backups` or `pods`.
  readonly objects: Record<string, Item[]>;
  // By pod.
  readonly logs: Record<string, string[]>;
  // Pods whose log breaks off after its first line, once.
  readonly cut: Set<string>;
  // What was sent: `POST backups`, `PATCH backups/x`, `WATCH backups/x`. A list of one name counts as a GET of it.
  readonly requests: string[];
  // What a watch brings, one after the other. After that it is silent.
  changes: (request: string) => WatchLine[];
  // Answers instead, where it gives an answer.
  intercept: (request: string) => Answer | undefined;
  onPatch: (item: Item) => void;
};

export type ApiServer = { scene: Scene; kubeconfig: string; close: () => void };

const kubeStatus = (code: number, reason: string, message: string): Answer => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message },
});

const selects = (selector: string, { metadata }: Item): boolean =>
  selector.split(',').every((pair) => {
    const [name = '', value = ''] = pair.split('=');
    return pair === '' || metadata.labels?.[name] === value;
  });

const read = ({ objects }: Scene, { collection, namespace, name, selected, selector }: Asked): Answer => {
  const all = (objects[collection] ?? []).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  if (name === undefined) {
    const items = all.filter((item) => selects(selector, item) && (selected === undefined || item.metadata.name === selected));
    return { status: 200, body: { items, metadata: { resourceVersion: '1' } } };
  }
  const found = all.find(({ metadata }) => metadata.name === name);
  return found === undefined ? kubeStatus(404, 'NotFound', `${collection} "${name}" not found`) : { status: 200, body: found };
};

// Who the scene's caller is.
export const caller = 'alice@example.org';

const create = ({ objects }: Scene, { collection, dryRun }: Asked, item: Item): Answer => {
  if (collection === 'selfsubjectreviews') {
    return { status: 201, body: { ...item, status: { userInfo: { username: caller } } } };
  }
  const all = (objects[collection] ??= []);
  if (all.some(({ metadata }) => metadata.name === item.metadata.name)) {
    return kubeStatus(409, 'AlreadyExists', `${collection} "${item.metadata.name}" already exists`);
  }
  item.metadata.uid = `uid of ${item.metadata.name}`;
  if (dryRun) {
    return { status: 201, body: item };
  }
  all.push(item);
  return { status: 201, body: item };
};

type Loose = Record<string, unknown>;

const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value);

// A JSON merge patch.
const merge = (into: Loose, change: Loose): void => {
  for (const [name, value] of Object.entries(change)) {
    const before = into[name];
    if (isObject(value) && isObject(before)) {
      merge(before, value);
    } else {
      into[name] = value;
    }
  }
};

const patch = (scene: Scene, collection: string, name: string | undefined, change: Item): Answer => {
  const found = scene.objects[collection]?.find(({ metadata }) => metadata.name === name);
  if (found === undefined) {
    return kubeStatus(404, 'NotFound', `${collection} "${name}" not found`);
  }
  merge(found, change);
  scene.onPatch(found);
  return { status: 200, body: found };
};

const remove = ({ objects }: Scene, collection: string, name: string | undefined): Answer => {
  objects[collection] = (objects[collection] ?? []).filter(({ metadata }) => metadata.name !== name);
  return { status: 200, body: { kind: 'Status', apiVersion: 'v1', status: 'Success' } };
};

const answer = async (scene: Scene, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '', 'http://api');
  const [, namespace, collection = '', name, part] =
    /^\/(?:api|apis\/[^/]+)\/[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  const watches = url.searchParams.get('watch') === '1';
  const selected = /^metadata\.name=(.+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
  const method = watches ? 'WATCH' : request.method;
  const dry = url.searchParams.has('dryRun') ? 'DRY ' : '';
  const what = `${dry}${method} ${[collection, name ?? selected, part].filter((each) => each !== undefined).join('/')}`;
  scene.requests.push(what);
  const body = await text(request);
  const intercepted = scene.intercept(what);
  if (intercepted === undefined && part === 'log') {
    sendLog(scene, name ?? '', response);
    return;
  }
  if (intercepted === undefined && watches) {
    await sendChanges(scene.changes(what), response);
    return;
  }
  const dryRun = url.searchParams.get('dryRun') === 'All';
  const asked = { namespace, collection, name, selected, selector: url.searchParams.get('labelSelector') ?? '', dryRun };
  const { status, body: content } = intercepted ?? respond(scene, request.method ?? '', asked, body);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content ?? {}));
};

const sendLog = ({ logs, cut }: Scene, pod: string, response: ServerResponse): void => {
  const lines = (logs[pod] ?? []).map((line) => `${line}\n`);
  response.writeHead(200, { 'content-type': 'text/plain' });
  if (cut.delete(pod)) {
    response.write(lines[0] ?? '', () => setTimeout(() => response.destroy(), 20));
  } else {
    response.end(lines.join(''));
  }
};

const sendChanges = async (lines: WatchLine[], response: ServerResponse): Promise<void> => {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  for (const line of lines) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    response.write(`${JSON.stringify(line)}\n`);
  }
};

type Asked = {
  namespace: string | undefined;
  collection: string;
  name: string | undefined;
  selected: string | undefined;
  selector: string;
  dryRun: boolean;
};

const respond = (scene: Scene, method: string, asked: Asked, body: string): Answer => {
  const { collection, name } = asked;
  switch (method) {
    case 'POST':
      return create(scene, asked, JSON.parse(body));
    case 'PATCH':
      return patch(scene, collection, name, JSON.parse(body));
    case 'DELETE':
      return remove(scene, collection, name);
    default:
      return read(scene, asked);
  }
};

export const kubeconfigFor = async (server: string): Promise<string> => {
  const file = join(temporaryFolder('kubeconfig'), 'config');
  const config = {
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'shop' } }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
};

export const startApiServer = (objects: Scene['objects'], logs: Scene['logs'] = {}): Promise<ApiServer> =>
  new Promise((resolve, reject) => {
    const scene: Scene = { objects, logs, cut: new Set(), requests: [], changes: () => [], intercept: () => undefined, onPatch: () => {} };
    const server = createServer((request, response) => {
      answer(scene, request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const close = (): void => {
        server.close();
        server.closeAllConnections();
      };
      kubeconfigFor(`http://127.0.0.1:${port}`).then((kubeconfig) => resolve({ scene, kubeconfig, close }), reject);
    });
  });
