// Stands between a client and the API server of the local cluster. It counts what passes, and can cut, silence, refuse, answer in the
// server's place, ask for another version than the client wanted, and leave lines out of a watch.
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { root } from '../cluster/kubectl.ts';

export type Seen = { method: string; path: string; query: URLSearchParams; authorization: string | undefined; time: number };
export type Answer = { status: number; headers?: Record<string, string>; body: object };

type Open = { response: ServerResponse; upstream: IncomingMessage | undefined; silent: boolean };

export type ApiProxy = Awaited<ReturnType<typeof startProxy>>;

const pki = (name: string): Buffer => readFileSync(join(root, '.cluster/pki', name));

const localConfig = (): KubeConfig => {
  const config = new KubeConfig();
  config.loadFromFile(join(root, '.cluster/kubeconfig'));
  return config;
};

const nothing = (): undefined => undefined;
const always = (): boolean => true;

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

export const startProxy = async () => {
  const upstream = new URL(localConfig().getCurrentCluster()?.server ?? '');
  const [ca, cert, key] = [pki('ca.crt'), pki('admin.crt'), pki('admin.key')];
  const seen: Seen[] = [];
  const open = new Set<Open>();
  const sockets = new Set<Socket>();
  let connections = 0;
  let answer: (seen: Seen, count: number) => Answer | undefined = nothing;
  let rewrite: (seen: Seen) => void = nothing;
  let keepLine: (line: string) => boolean = always;

  const pass = (one: Open, incoming: IncomingMessage, path: string): void => {
    const { method, headers: given } = incoming;
    const { host: _host, ...passed } = given;
    // A token must be judged by the API server; without one the client counts as the admin.
    const identity = given.authorization === undefined ? { cert, key } : {};
    const asked = request({ host: upstream.hostname, port: upstream.port, path, method, headers: passed, ca, ...identity, agent: false });
    asked.on('response', (got) => {
      one.upstream = got;
      // Its own connection to the server ends with the request; the client's does not.
      const { connection: _connection, ...headers } = got.headers;
      one.response.writeHead(got.statusCode ?? 502, headers);
      one.response.flushHeaders();
      let rest = '';
      const plain = got.headers['content-encoding'] === undefined && path.includes('watch=1');
      got.on('data', (chunk: Buffer) => {
        if (one.silent) {
          return;
        }
        if (!plain) {
          one.response.write(chunk);
          return;
        }
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        lines.filter((line) => keepLine(line)).forEach((line) => one.response.write(`${line}\n`));
      });
      got.on('end', () => (one.silent ? undefined : one.response.end()));
      got.on('error', () => one.response.destroy());
    });
    asked.on('error', () => one.response.destroy());
    one.response.on('close', () => {
      open.delete(one);
      asked.destroy();
    });
    incoming.pipe(asked);
  };

  const handle = (incoming: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(incoming.url ?? '', 'https://localhost');
    const facts: Seen = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: incoming.headers.authorization,
      time: performance.now(),
    };
    seen.push(facts);
    const own = answer(facts, seen.length);
    if (own !== undefined) {
      response.writeHead(own.status, { 'content-type': 'application/json', ...own.headers }).end(JSON.stringify(own.body));
      return;
    }
    rewrite(facts);
    const one: Open = { response, upstream: undefined, silent: false };
    open.add(one);
    pass(one, incoming, `${url.pathname}?${url.searchParams.toString()}`);
  };

  const make = (): Server => {
    // Like the API server, it says nothing of how long a quiet socket stays.
    const server = createServer({ cert: pki('server.crt'), key: pki('server.key'), keepAliveTimeout: 0 }, handle);
    server.on('secureConnection', (socket) => {
      connections += 1;
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    return server;
  };

  let server = make();
  const port = await listen(server, 0);
  const stopListening = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      sockets.forEach((socket) => socket.destroy());
    });

  return {
    seen,
    // TLS connections that were ever made.
    connections: () => connections,
    // Requests whose answer has not ended.
    open: () => open.size,
    asked: (path: string, watch: boolean) => seen.filter((one) => one.path.endsWith(path) && one.query.has('watch') === watch),
    answerBy: (rule: typeof answer) => void (answer = rule),
    rewriteBy: (rule: typeof rewrite) => void (rewrite = rule),
    keepLines: (rule: typeof keepLine) => void (keepLine = rule),
    // Ends every connection at once.
    cut: () => sockets.forEach((socket) => socket.destroy()),
    // From now on nothing comes through answers that are open now; the connections stay.
    silence: () => open.forEach((one) => (one.silent = true)),
    // Nobody listens any more, until `accept`.
    refuse: stopListening,
    async accept() {
      server = make();
      await listen(server, port);
    },
    close: stopListening,
    // A kubeconfig that leads here.
    config(user: object = {}): KubeConfig {
      const config = new KubeConfig();
      config.loadFromOptions({
        clusters: [{ name: 'proxy', server: `https://127.0.0.1:${port}`, caData: ca.toString('base64'), skipTLSVerify: false }],
        users: [{ name: 'user', ...user }],
        contexts: [{ name: 'proxy', cluster: 'proxy', user: 'user' }],
        currentContext: 'proxy',
      });
      return config;
    },
  };
};
