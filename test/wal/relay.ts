// A network between a receiver and a server on this machine: each connection is joined to one of the server's, as the caller says.
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export type Relay = { readonly port: number; stop(): Promise<void> };

// `join`: passes on what comes. That both end together is done here.
export const startRelay = async (to: number, join: (client: Socket, upstream: Socket) => void): Promise<Relay> => {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => into.destroy());
      from.on('close', () => into.destroy());
    }
    join(client, upstream);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
