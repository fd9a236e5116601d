// Whether a stream still lives. Packets that vanish end no connection by themselves: the kernel would wait for a quarter of an hour.
import { EngineError } from '../../engines/engine.ts';

export type Watch = (received: bigint, there: bigint, isHeld: boolean, nowMilliseconds: number) => void;

// Throws when WAL is there and none has come for so long, although it was not us who held it up.
export const watchProgress = (seconds: number): Watch => {
  let last: bigint | undefined;
  let sinceMilliseconds = 0;
  return (received, there, isHeld, nowMilliseconds) => {
    if (received !== last || received >= there || isHeld) {
      last = received;
      sinceMilliseconds = nowMilliseconds;
    } else if (nowMilliseconds - sinceMilliseconds > seconds * 1000) {
      throw new EngineError(
        'SourceUnreachable',
        `The server has WAL and sent none for ${seconds} s. The connection is given up; another one is made.`,
        {
          retryable: true,
        },
      );
    }
  };
};
