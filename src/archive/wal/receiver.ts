// What one receiver keeps from connection to connection, and what its parts share.
import type { ReceivePlan } from '../../api/agent.ts';
import type { WalGapReason } from '../../api/wal-gap.ts';
import type { Store } from '../../stores/store.ts';
import type { AgentContext } from '../context.ts';
import type { Archive } from './archive.ts';
import type { WalKey } from './day-key.ts';
import type { Sent } from './sent.ts';
import type { Followers } from './followers.ts';
import type { Troubles } from './troubles.ts';

export type Receiver = {
  readonly plan: ReceivePlan;
  readonly context: AgentContext;
  readonly archive: Archive;
  // The first tier. `patient` waits while it is away; `store` fails at once.
  readonly store: Store;
  readonly patient: Store;
  readonly keys: () => Promise<WalKey>;
  readonly sent: Sent;
  // Tells this process from others in names.
  readonly unique: string;
  readonly count: () => number;
  readonly followers: Followers;
  readonly troubles: Troubles;
  // Told that something may have changed; prints a line where that is worth one.
  readonly report: () => void;
  // Why the next gap was made, where that is known.
  gapReason: WalGapReason | undefined;
  // How far the newest connection got.
  reached: Reached | undefined;
};

// Between `from` and `stored` the timeline has no hole in the first tier.
export type Reached = {
  lineageId: string;
  timeline: number;
  from: bigint;
  stored: bigint;
  acknowledged: bigint;
  markMilliseconds?: number;
};
