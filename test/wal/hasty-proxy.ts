// A network between receiver and server on which what the receiver answers to a stream is at the server before that has sent anything.
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type HastyProxy = { readonly port: number; stop(): Promise<void> };

// What a server says when it begins to stream, in the protocol of PostgreSQL: CopyBothResponse, in text, of no columns.
const begun = Buffer.from([0x57, 0, 0, 0, 7, 0, 0, 0]);
const answerMilliseconds = 200;
// Longer than the receiver waits for WAL that it knows of.
const cutMilliseconds = 1300;

// `cuts`: nothing ever comes, for the connection ends.
export const startHastyProxy = async (to: number, { cuts = false } = {}): Promise<HastyProxy> => {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    let held: Buffer[] | undefined;
    let isTold = false;
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => into.destroy());
      from.on('close', () => into.destroy());
    }
    const passOn = async (): Promise<void> => {
      await pause(cuts ? cutMilliseconds : answerMilliseconds);
      if (cuts) {
        client.destroy();
        return;
      }
      upstream.write(Buffer.concat(held ?? []));
      held = undefined;
    };
    client.on('data', (chunk: Buffer) => {
      if (held !== undefined) {
        held.push(chunk);
      } else if (chunk.includes('START_REPLICATION')) {
        held = [chunk];
        isTold = true;
        client.write(begun);
        void passOn();
      } else {
        upstream.write(chunk);
      }
    });
    upstream.on('data', (chunk: Buffer) => {
      const isSecond = isTold && chunk.subarray(0, begun.length).equals(begun);
      isTold &&= !isSecond;
      client.write(isSecond ? chunk.subarray(begun.length) : chunk);
    });
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
