// Tests of an S3 store behind the fault proxy.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openS3 } from '../../src/stores/s3.ts';
import type { Store } from '../../src/stores/store.ts';
import { gather, recordUploads, sha256 } from './conformance.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { Fault, FaultProxy, Operation } from './fault-proxy.ts';
import { startMinio, startVersitygw } from './servers.ts';
import type { S3Server } from './servers.ts';

export const mebibyte = 1024 ** 2;
const starts = { versitygw: startVersitygw, minio: startMinio };
export type Name = keyof typeof starts;
const started = new Map<Name, Promise<S3Server>>();
export const both: Name[] = ['versitygw', 'minio'];
let prefixes = 0;

export const stopServers = async (): Promise<void> => {
  await Promise.allSettled([...started.values()].map(async (running) => (await running).stop()));
};

export type Weather = {
  // Through the proxy, and around it.
  store: Store;
  direct: Store;
  proxy: FaultProxy;
  server: S3Server;
  prefix: string;
  leftovers: () => Promise<string[]>;
};

export const patience = { attempts: 4, firstPauseMilliseconds: 5, silentMilliseconds: 20_000 };

export const weather = (
  title: string,
  run: (t: ExecutionContext, weather: Weather) => Promise<void>,
  { on = ['versitygw'], patient = patience }: { on?: Name[]; patient?: typeof patience } = {},
): void => {
  for (const name of on) {
    // One at a time: each watches the clock.
    test.serial(`${name}: ${title}`, async (t) => {
      const running = started.get(name) ?? starts[name]();
      started.set(name, running);
      const server = await running;
      const proxy = await startFaultProxy(server);
      prefixes += 1;
      const prefix = `weather/${prefixes}`;
      const { store, uploaded } = recordUploads(openS3(server.location(prefix, { endpoint: proxy.endpoint }), patient));
      const direct = openS3(server.location(prefix));
      try {
        await run(t, { store, direct, proxy, server, prefix, leftovers: () => server.openUploads(prefix, uploaded) });
      } finally {
        await store.close();
        await direct.close();
        await proxy.stop();
      }
    });
  }
};

// What the client sees is what the server holds, and it is this.
export const holds = async (t: ExecutionContext, { store, direct }: Weather, key: string, content: Buffer): Promise<void> => {
  t.is(sha256(await gather(store.read(key))), sha256(content), 'through the proxy');
  t.is(sha256(await gather(direct.read(key))), sha256(content), 'around the proxy');
};

export const unavailable: Fault = { kind: 'answer', status: 503, code: 'ServiceUnavailable' };
export const slowDown: Fault = { kind: 'answer', status: 503, code: 'SlowDown' };
export const operations: Operation[] = [
  ...(['PutObject', 'GetObject', 'HeadObject', 'ListObjects'] as const),
  ...(['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload', 'AbortMultipartUpload'] as const),
];
