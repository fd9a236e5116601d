// A network between receiver and server on which what the receiver answers to a stream is at the server before that has sent anything.
import { setTimeout as pause } from 'node:timers/promises';
import { startRelay } from './relay.ts';
import type { Relay } from './relay.ts';

// What a server says when it begins to stream, in the protocol of PostgreSQL: CopyBothResponse, in text, of no columns.
const begun = Buffer.from([0x57, 0, 0, 0, 7, 0, 0, 0]);
const answerMilliseconds = 200;
// Longer than the receiver waits for WAL that it knows of.
const cutMilliseconds = 1300;

// `cuts`: nothing ever comes, for the connection ends.
export const startHastyProxy = (to: number, { cuts = false } = {}): Promise<Relay> =>
  startRelay(to, (client, upstream) => {
    let held: Buffer[] | undefined;
    let isTold = false;
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
  });
