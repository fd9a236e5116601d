// How glibc keeps memory in an agent.
import type { AgentPlan } from '../../api/agent.ts';

// A receiver lives for months, and every few seconds compresses and encrypts megabytes: without these glibc keeps what it once had.
export const memorySettings = ({ verb }: Pick<AgentPlan, 'verb'>): Record<string, string> =>
  verb === 'receive' ? { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' } : {};
