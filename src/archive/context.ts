// What every verb of the agent is given besides its plan.
import type { AgentLine } from '../api/agent.ts';
import type { StoreLocation, Store } from '../stores/store.ts';
import type { Log } from '../telemetry/log.ts';

export type ObjectCache = {
  get(name: string): Promise<Buffer | undefined>;
  put(name: string, content: Buffer): Promise<void>;
};

export type AgentContext = {
  readonly log: Log;
  // Prints a line of the protocol.
  readonly report: (line: AgentLine) => void;
  // Aborted on SIGTERM and at the deadline.
  readonly signal: AbortSignal;
  readonly now: () => Date;
  // Objects that never change, kept between runs. Whatever it hands out is checked like what the store hands out.
  readonly cache?: ObjectCache;
  readonly openStore: (location: StoreLocation) => Promise<Store>;
  // Measures a step: its seconds go into the result and the log.
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
};
