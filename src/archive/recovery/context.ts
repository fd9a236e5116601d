// What a recovery is given besides its request.
import type { AgentContext } from '../context.ts';

export type RecoveryContext = Pick<AgentContext, 'log' | 'signal' | 'now' | 'step'> & {
  // How far the reading is: stored bytes.
  // Whether programs of PostgreSQL are run as the owner of the files. False: they see to that themselves.
  readonly dropsPrivileges: boolean;
  readonly progress: (what: string, bytes: number, ofBytes: number) => void;
};
