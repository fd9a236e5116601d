// A network between receiver and server that can swallow all packets while the connections stand.
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export type SilentProxy = { readonly port: number; silence(): void; speak(): void; stop(): Promise<void> };

export const startSilentProxy = async (to: number): Promise<SilentProxy> => {
  const sockets = new Set<Socket>();
  let isSilent = false;
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => into.destroy());
      from.on('close', () => into.destroy());
      // What comes in silence is gone, as packets are whose sender has not been told. Such a connection is never whole again.
      from.on('data', (chunk) => void (isSilent || into.write(chunk)));
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    silence() {
      isSilent = true;
    },
    speak() {
      isSilent = false;
    },
    async stop() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
