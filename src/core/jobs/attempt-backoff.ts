// How long to wait after failure number `failures` of a Job, whatever it works for.
import { doubling, second } from '../plan/time.ts';

export const attemptBackoff = (failures: number): number => doubling(failures, 10 * second, 600 * second);
