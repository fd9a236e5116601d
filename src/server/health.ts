// Tells Kubernetes whether the process lives (/healthz) and whether it works (/readyz).
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type HealthChecks = {
  // Why the process should be restarted; undefined: it lives.
  broken: () => string | undefined;
  // Why it does not work yet; undefined: it works.
  notReady: () => string | undefined;
};

export type HealthServer = { port: number; close: () => Promise<void> };

// Listens on a port; 0 takes any free one.
export const serveHealth = async (port: number, checks: HealthChecks): Promise<HealthServer> => {
  const answers: Record<string, () => string | undefined> = { '/healthz': checks.broken, '/readyz': checks.notReady };
  const server = createServer((request, response) => {
    const check = answers[(request.url ?? '').split('?')[0] ?? ''];
    const problem = check?.();
    const status = check === undefined ? 404 : problem === undefined ? 200 : 503;
    const body = check === undefined ? 'Not found: ask for /healthz or /readyz' : (problem ?? 'ok');
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${body}\n`);
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
