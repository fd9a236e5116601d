// Tells Kubernetes whether the process lives (/healthz) and whether it works (/readyz), and Prometheus its figures (/metrics).
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type HealthChecks = {
  // Why the process should be restarted; undefined: it lives.
  broken: () => string | undefined;
  // Why it does not work yet; undefined: it works.
  notReady: () => string | undefined;
  // Undefined: there is nothing to say yet.
  metrics?: () => Promise<Page> | undefined;
};

type Page = { contentType: string; body: string };
type Answer = Page & { status: number };
type Answerer = () => Promise<Answer | Page>;

const plain = (status: number, text: string): Answer => ({ status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` });
const answerOf = (problem: string | undefined): Answer => (problem === undefined ? plain(200, 'ok') : plain(503, problem));
const notYet = plain(503, 'The figures are not there yet.');
const notFound = plain(404, 'Not found: ask for /healthz, /readyz or /metrics');

const respond = async (answerer: Answerer | undefined, response: ServerResponse): Promise<void> => {
  const answer = answerer === undefined ? notFound : await answerer().catch((error: unknown) => plain(500, String(error)));
  const { status, contentType, body } = { status: 200, ...answer };
  response.writeHead(status, { 'content-type': contentType }).end(body);
};

export type HealthServer = { port: number; close: () => Promise<void> };

// Listens on a port; 0 takes any free one.
export const serveHealth = async (port: number, checks: HealthChecks): Promise<HealthServer> => {
  const answers: Record<string, Answerer> = {
    '/healthz': async () => answerOf(checks.broken()),
    '/readyz': async () => answerOf(checks.notReady()),
    '/metrics': async () => (await checks.metrics?.()) ?? notYet,
  };
  const server = createServer((request, response) => {
    void respond(answers[(request.url ?? '').split('?')[0] ?? ''], response);
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
