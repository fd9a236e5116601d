// One pool of sockets for the whole process. The library's own client opens a new TLS connection for every request.
import { readFile } from 'node:fs/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent } from 'undici';
import { KubeError } from './errors.ts';

type HttpsOptions = Parameters<KubeConfig['applyToHTTPSOptions']>[0];

// What we need of a kubeconfig. Inside a pod the library that reads one is not even loaded.
export type ClusterConfig = Pick<
  KubeConfig,
  'getCurrentCluster' | 'getCurrentContext' | 'getContextObject' | 'getCurrentUser' | 'applyToHTTPSOptions'
>;

export type Connection = {
  readonly server: string;
  // The namespace of the current context, or of the pod's ServiceAccount.
  readonly namespace: string | undefined;
  // The pool to use now. It is made anew from time to time, so that rotated certificates are seen.
  dispatcher(): Promise<Agent>;
  // Headers that prove who we are. `fresh`: after a 401.
  headers(fresh?: boolean): Promise<Record<string, string>>;
  close(): Promise<void>;
};

const poolLifeMilliseconds = 3_600_000;
const headersLifeMilliseconds = 30_000;
const connectMilliseconds = 10_000;
// Longer than the pause between two renewals of a Lease: each renewal on a new socket would pay for a handshake, and so would the first write
// of a run. An API server keeps a quiet socket for longer.
const keepAliveMilliseconds = 30_000;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

// Connects by a kubeconfig. Nothing is sent before the first request.
export const connect = (config: ClusterConfig, now: () => number = Date.now): Connection => {
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new KubeError({ status: 0, reason: 'NoCluster', message: 'The kubeconfig names no cluster. Check KUBECONFIG and its context.' });
  }
  const options = async (): Promise<HttpsOptions> => {
    const found: HttpsOptions = {};
    await config.applyToHTTPSOptions(found);
    return found;
  };
  // Promises, so that many who ask at once share one pool.
  let pool: { agent: Promise<Agent>; until: number } | undefined;
  let proof: { headers: Record<string, string>; until: number } | undefined;

  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    async dispatcher() {
      if (pool === undefined || pool.until <= now()) {
        const old = pool?.agent;
        const agent = options().then(newAgent);
        const made = { agent, until: now() + poolLifeMilliseconds };
        pool = made;
        // Requests under way end on the old sockets.
        void old?.then((before) => before.close()).catch(() => undefined);
        // One that could not be made is no pool.
        agent.catch(() => (pool = pool === made ? undefined : pool));
      }
      return pool.agent;
    },
    async headers(fresh = false) {
      if (proof === undefined || fresh || proof.until <= now()) {
        const headers = { ...proofHeaders(await options()), ...(await tokenHeader(config)) };
        proof = { headers, until: now() + headersLifeMilliseconds };
      }
      return proof.headers;
    },
    close: async () => (await pool?.agent)?.destroy(),
  };
};

const newAgent = (options: HttpsOptions): Agent => {
  const { ca, cert, key, passphrase, servername, rejectUnauthorized } = options as Record<string, unknown>;
  return new Agent({
    // One socket a watch is simple and cannot half-open; the server would choose HTTP/2.
    allowH2: false,
    connections: null,
    keepAliveTimeout: keepAliveMilliseconds,
    connect: {
      timeout: connectMilliseconds,
      keepAliveInitialDelay: 30_000,
      ...(Object.fromEntries(
        Object.entries({ ca, cert, key, passphrase, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined),
      ) as object),
    },
  });
};

const proofHeaders = (options: HttpsOptions): Record<string, string> => {
  const given = Object.entries((options.headers ?? {}) as Record<string, unknown>).flatMap(([name, value]) => {
    const plain = text(value);
    return plain === undefined ? [] : [[name, plain] as const];
  });
  const basic = text(options.auth);
  return {
    ...Object.fromEntries(given),
    ...(basic === undefined ? {} : { Authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
  };
};

// The library keeps the token of a file for a minute: too long for one that was refused just now.
const tokenHeader = async (config: ClusterConfig): Promise<Record<string, string>> => {
  const provider = (config.getCurrentUser()?.authProvider ?? {}) as { config?: { tokenFile?: unknown } };
  const file = text(provider.config?.tokenFile);
  return file === undefined ? {} : { Authorization: `Bearer ${(await readFile(file, 'utf8')).trim()}` };
};
