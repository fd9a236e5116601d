// One backup of a chain, with the key that opens it.
import type { Link } from '../../core/recovery/choose.ts';

// `identity`: of the attempt; absent where only a plan is wanted and nobody brought a key.
export type OpenLink = Link & { identity?: string };
