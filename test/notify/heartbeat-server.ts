// A real HTTP server that counts heartbeats.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const startHeartbeatServer = async () => {
  const received: string[] = [];
  const state = { status: 200 };
  const server = createServer((request, response) => {
    received.push(`${request.method} ${request.url}`);
    response.writeHead(state.status).end('OK');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    received,
    // What it answers.
    state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
};
