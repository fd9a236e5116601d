// What a recovery is given besides its request.
import type { AgentContext } from '../context.ts';

export type RecoveryContext = Pick<AgentContext, 'log' | 'signal' | 'now' | 'step'> & {
  // How far the reading is: stored bytes.
  readonly progress: (what: string, bytes: number, ofBytes: number) => void;
};
