// What every verb of the agent is given besides its plan.
import type { AgentLine } from '../api/agent.ts';
import type { StoreLocation, Store } from '../stores/store.ts';
import type { Log } from '../telemetry/log.ts';

export type AgentContext = {
  readonly log: Log;
  // Prints a line of the protocol.
  readonly report: (line: AgentLine) => void;
  // Aborted on SIGTERM and at the deadline.
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly openStore: (location: StoreLocation) => Promise<Store>;
  // Measures a step: its seconds go into the result and the log.
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
};
