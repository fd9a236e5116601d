// A proxy in front of the S3 server that pods can reach: it holds chosen requests until it is told to let them go, and makes bad weather.
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import type { Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Certificates } from '../stores/certificates.ts';
import type { S3Server } from '../stores/servers.ts';
import { createHistories, describeRequest } from './passing.ts';
import type { Passing } from './passing.ts';

export type Weather =
  // Nobody listens.
  | { kind: 'away' }
  // Every request, or every one that writes, is answered so.
  | { kind: 'answer'; status: number; code: string; writesOnly?: boolean }
  // Every request reaches the server so much later.
  | { kind: 'slow'; milliseconds: number }
  // Of every second body half arrives, then the connection is reset.
  | { kind: 'cut' };

export type Hold = {
  // Resolves when the first request has come that it is for.
  reached: Promise<void>;
  isReached: () => boolean;
  // Lets the requests go, and those that follow.
  release: () => void;
};

export type StoreProxy = {
  port: number;
  // Holds the requests of a prefix that `matches` wants. What was stored there before does not count.
  hold: (prefix: string, matches: (passing: Passing) => boolean) => Hold;
  weather: (now: Weather | undefined) => Promise<void>;
  stop: () => Promise<void>;
};

type Rule = { prefix: string; matches: (passing: Passing) => boolean; opened: Promise<void>; onReached: () => void };

const readBody = async (from: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of from) {
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
};

export const startStoreProxy = async (server: S3Server, own: Certificates): Promise<StoreProxy> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca: readFileSync(server.certificates.caFile) });
  const histories = createHistories();
  const rules = new Map<string, Rule>();
  const sockets = new Set<Socket>();
  let weather: Weather | undefined;
  let bodies = 0;

  // Sends the request on. The host stays as the client wrote it: it is signed.
  const ask = (from: IncomingMessage, body: Buffer): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { expect: _, ...headers } = from.headers;
      const { hostname, port } = new URL(server.endpoint);
      // Its certificate is for this name, not for the one in the header.
      const onward = request({ hostname, port, servername: 'localhost', method: from.method, path: from.url, headers, agent }, resolve);
      onward.once('error', reject);
      onward.end(body);
    });

  // True: the weather has dealt with it.
  const suffer = async ({ isWrite }: Passing, from: IncomingMessage, to: ServerResponse): Promise<boolean> => {
    const now = weather;
    if (now?.kind === 'slow') {
      await pause(now.milliseconds);
    }
    if (now?.kind === 'answer' && (isWrite || now.writesOnly !== true)) {
      const text = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${now.code}</Code><Message>by the proxy</Message></Error>`;
      to.writeHead(now.status, { 'content-type': 'application/xml' }).end(from.method === 'HEAD' ? undefined : text);
      return true;
    }
    if (now?.kind === 'cut' && isWrite && (bodies += 1) % 2 === 0) {
      from.socket.destroy();
      return true;
    }
    return false;
  };

  const passOn = async (answer: IncomingMessage, to: ServerResponse): Promise<void> => {
    const body = await readBody(answer);
    to.writeHead(answer.statusCode ?? 500, answer.headers);
    if (weather?.kind === 'cut' && body.length > 0 && (bodies += 1) % 2 === 0) {
      await new Promise((resolve) => to.write(body.subarray(0, body.length >> 1), resolve));
      to.socket?.destroy();
      return;
    }
    to.end(body);
  };

  const handle = async (from: IncomingMessage, to: ServerResponse): Promise<void> => {
    const body = await readBody(from);
    const passing = describeRequest(from, histories);
    const rule = rules.get(passing.prefix);
    if (rule?.matches(passing) === true) {
      rule.onReached();
      await rule.opened;
    }
    if (from.socket.destroyed || (await suffer(passing, from, to))) {
      return;
    }
    const answer = await ask(from, body);
    histories.remember(passing, answer.statusCode ?? 500);
    await passOn(answer, to);
  };

  let front: Server | undefined;
  const listen = async (port: number): Promise<number> => {
    const opened = createServer({ cert: readFileSync(own.certFile), key: readFileSync(own.keyFile) }, (from, to) => {
      handle(from, to).catch((error: unknown) => {
        // The client may be dead; anything else is a fault of this proxy, and must not look like weather.
        if (!from.socket.destroyed) {
          console.error(`proxy: ${from.method} ${from.url}: ${String(error)}`);
          from.socket.destroy();
        }
      });
    });
    opened.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    // Pods come from the bridge.
    opened.listen(port, '0.0.0.0');
    await new Promise((resolve) => opened.once('listening', resolve));
    front = opened;
    return (opened.address() as AddressInfo).port;
  };
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => (front === undefined ? resolve(undefined) : front.close(resolve)));
    front = undefined;
    sockets.forEach((socket) => socket.destroy());
    await closed;
  };
  const port = await listen(0);

  return {
    port,
    hold(prefix, matches) {
      const opened = Promise.withResolvers<void>();
      const reached = Promise.withResolvers<void>();
      let isReached = false;
      const onReached = (): void => {
        isReached = true;
        reached.resolve();
      };
      histories.forget(prefix);
      rules.set(prefix, { prefix, matches, opened: opened.promise, onReached });
      const release = (): void => {
        rules.delete(prefix);
        opened.resolve();
      };
      return { reached: reached.promise, isReached: () => isReached, release };
    },
    async weather(now) {
      weather = now;
      if (now?.kind === 'away') {
        await close();
      } else if (front === undefined) {
        await listen(port);
      }
    },
    async stop() {
      rules.clear();
      await close();
      agent.destroy();
    },
  };
};
