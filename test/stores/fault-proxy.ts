// A proxy in front of a real S3 server that does to chosen requests what networks and services do.
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { S3Server } from './servers.ts';

export type Operation =
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'ListObjects'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload';

export type Fault =
  // Answered by the proxy; the server never hears of the request.
  | { kind: 'answer'; status: number; code?: string; body?: string }
  // So many bytes of the request are read, then the connection is reset; the server never hears of it.
  | { kind: 'reset-request'; afterBytes: number }
  // The same, but the server gets these bytes before its own connection is reset.
  | { kind: 'cut-request'; afterBytes: number }
  // The server does what it was asked; the client sees a reset instead of the answer.
  | { kind: 'lose-answer' }
  // So many bytes of the answer's body pass, then the connection ends: with a reset, or as if all was said.
  | { kind: 'cut-answer'; afterBytes: number; politely?: boolean }
  // The server hears of it late, or the client of the answer.
  | { kind: 'delay'; milliseconds: number }
  | { kind: 'delay-answer'; milliseconds: number }
  // No answer, ever.
  | { kind: 'silent' }
  // One byte of the request's body is changed on its way.
  | { kind: 'flip-request' }
  | { kind: 'rewrite-answer'; rewrite: (body: string) => string }
  // Something happens in the world, then the connection is reset; the server never hears of the request.
  | { kind: 'meanwhile'; run: () => Promise<unknown> };

export type FaultProxy = {
  endpoint: string;
  // The next `times` requests of this kind meet the fault; then those of the next call with the same kind.
  fault: (operation: Operation, fault: Fault, times?: number) => void;
  // No more faults.
  calm: () => void;
  // Every request that came, in order.
  seen: Operation[];
  stop: () => Promise<void>;
};

const operationOf = ({ method, url = '' }: IncomingMessage): Operation => {
  const query = new URL(url, 'https://proxy').searchParams;
  if (query.has('uploadId')) {
    return method === 'PUT' ? 'UploadPart' : method === 'POST' ? 'CompleteMultipartUpload' : 'AbortMultipartUpload';
  }
  if (query.has('uploads')) {
    return 'CreateMultipartUpload';
  }
  return method === 'PUT' ? 'PutObject' : method === 'HEAD' ? 'HeadObject' : query.has('list-type') ? 'ListObjects' : 'GetObject';
};

const errorBody = (code: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>by the proxy</Message></Error>`;

// Reads a body to its end, or only its first bytes.
const readBody = async (from: IncomingMessage, most = Number.POSITIVE_INFINITY): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  if (most > 0) {
    for await (const part of from.iterator({ destroyOnReturn: false })) {
      parts.push(part as Buffer);
      bytes += (part as Buffer).length;
      if (bytes >= most) {
        break;
      }
    }
  }
  return Buffer.concat(parts).subarray(0, most);
};

export const startFaultProxy = async (server: S3Server): Promise<FaultProxy> => {
  const { caFile, certFile, keyFile } = server.certificates;
  const agent = new Agent({ keepAlive: true, ca: readFileSync(caFile) });
  const queues = new Map<Operation, { fault: Fault; times: number }[]>();
  const seen: Operation[] = [];

  // TLS hides the connection; a reset is of the connection below it.
  const connections = new Map<number, Socket>();
  const reset = (to: ServerResponse): void => {
    connections.get(to.socket?.remotePort ?? 0)?.resetAndDestroy();
    to.socket?.destroy();
  };

  const nextFault = (operation: Operation): Fault | undefined => {
    const queue = queues.get(operation) ?? [];
    const first = queue[0];
    if (first !== undefined) {
      first.times -= 1;
      if (first.times <= 0) {
        queue.shift();
      }
    }
    return first?.fault;
  };

  // Sends the request on. The host stays as the client wrote it: it is signed.
  const ask = (from: IncomingMessage, body: Buffer): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { expect: _, ...headers } = from.headers;
      const { hostname, port } = new URL(server.endpoint);
      const onward = request({ hostname, port, method: from.method, path: from.url, headers, agent }, resolve);
      onward.once('error', reject);
      onward.end(body);
    });

  // The server sees a request that breaks off.
  const cutOnward = (from: IncomingMessage, body: Buffer): Promise<void> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(server.endpoint);
      const { expect: _, ...headers } = from.headers;
      const onward = request({ hostname, port, method: from.method, path: from.url, headers, ca: readFileSync(caFile) });
      onward.once('error', () => resolve());
      onward.once('close', resolve);
      onward.write(body, () => onward.destroy());
    });

  const passOn = async (answer: IncomingMessage, to: ServerResponse, fault: Fault | undefined): Promise<void> => {
    const body = await readBody(answer);
    const headers = { ...answer.headers };
    if (fault?.kind === 'rewrite-answer') {
      const text = fault.rewrite(body.toString('utf8'));
      delete headers['content-length'];
      delete headers['transfer-encoding'];
      to.writeHead(answer.statusCode ?? 500, headers).end(text);
      return;
    }
    to.writeHead(answer.statusCode ?? 500, headers);
    if (fault?.kind === 'cut-answer' && fault.afterBytes < body.length) {
      await new Promise((resolve) => to.write(body.subarray(0, fault.afterBytes), resolve));
      await pause(20);
      if (fault.politely === true) {
        to.socket?.end();
      } else {
        reset(to);
      }
      return;
    }
    to.end(body);
  };

  const handle = async (from: IncomingMessage, to: ServerResponse): Promise<void> => {
    const operation = operationOf(from);
    seen.push(operation);
    const fault = nextFault(operation);
    switch (fault?.kind) {
      case 'reset-request':
        await readBody(from, fault.afterBytes);
        reset(to);
        return;
      case 'cut-request':
        await cutOnward(from, await readBody(from, fault.afterBytes));
        reset(to);
        return;
      case 'answer':
        await readBody(from);
        to.writeHead(fault.status, { 'content-type': fault.body === undefined ? 'application/xml' : 'text/html' });
        to.end(from.method === 'HEAD' ? undefined : (fault.body ?? errorBody(fault.code ?? 'InternalError')));
        return;
      case 'meanwhile':
        await readBody(from);
        await fault.run();
        reset(to);
        return;
      case 'silent':
        from.resume();
        return;
      case 'delay':
        await pause(fault.milliseconds);
        break;
      case undefined:
      case 'lose-answer':
      case 'delay-answer':
      case 'cut-answer':
      case 'flip-request':
      case 'rewrite-answer':
    }
    const body = await readBody(from);
    if (fault?.kind === 'flip-request') {
      body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
    }
    const answer = await ask(from, body);
    if (fault?.kind === 'delay-answer') {
      await pause(fault.milliseconds);
    }
    if (fault?.kind === 'lose-answer') {
      await readBody(answer);
      reset(to);
      return;
    }
    await passOn(answer, to, fault);
  };

  const proxy = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (from, to) => {
    handle(from, to).catch(() => reset(to));
  });
  proxy.on('connection', (socket: Socket) => {
    const port = socket.remotePort ?? 0;
    connections.set(port, socket);
    socket.once('close', () => connections.delete(port));
  });
  proxy.listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.once('listening', resolve));
  return {
    endpoint: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    seen,
    fault(operation, fault, times = 1) {
      queues.set(operation, [...(queues.get(operation) ?? []), { fault, times }]);
    },
    calm: () => queues.clear(),
    async stop() {
      const closed = new Promise((resolve) => proxy.close(resolve));
      proxy.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
};
