// Short names for long things: eight hex digits of SHA-256.
import { createHash } from 'node:crypto';

export const hash8 = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
