// What takes part: each backs one server up to one place, and is measured the same way.
import type { Measured } from './measure.ts';
import type { S3Server } from './s3.ts';
import type { PostgresServer } from '../../test/engines/postgres-server.ts';

export type Target = 'directory' | 's3';

// One turn of one contestant: everything in `directory`, which is empty and belongs to the server's user, is gone afterwards.
// A turn to S3 keeps to the keys below `prefix` of the bucket.
export type Turn = {
  server: PostgresServer;
  s3: S3Server;
  directory: string;
  prefix: string;
  // CPU of the servers since the turn began.
  others(): Others;
};

export type Others = { serverCpuSeconds: number; s3CpuSeconds: number };

export type Stored = { bytes: number; objects: number };

export type Outcome = Measured & {
  stored: Stored;
  // Of the servers up to the end of the backup, where more follows. Default: up to the end of the turn.
  others?: Others;
  // Figures of their own, such as of the read-back. Seconds end in `Seconds`.
  extra?: Record<string, number>;
};

export type Contestant = {
  name: string;
  target: Target;
  // Makes what must be there before the clock starts, runs the backup, and says what it took.
  run(turn: Turn): Promise<Outcome>;
};
