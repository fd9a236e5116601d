// Short names for long things: eight hex digits of SHA-256.
import { hash } from 'node:crypto';
import { labelValue } from '../core/plan/names.ts';

// What stands in the label of a Job or pod for its Backup.
export const backupLabel = (name: string): string => labelValue(name, hash8);

export const hash8 = (text: string): string => hash('sha256', text, 'hex').slice(0, 8);
