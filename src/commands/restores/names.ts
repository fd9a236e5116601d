// Names of Restores that commands make.
import { compactTime } from '../../core/plan/time.ts';

const longestName = 52;

// `shop-back-20261122020000`. A policy's name has at most 32 characters, so it always fits.
export const restoreName = (policy: string, now: number): string => `${policy}-back-${compactTime(now).replaceAll(/\D/g, '')}`;

// `shop-back-undo`; where an earlier undo of that name has failed, `shop-back-undo-2`. A long name is cut.
export const undoName = (name: string, number: number): string => {
  const ending = number === 1 ? '-undo' : `-undo-${number}`;
  return `${name.slice(0, longestName - ending.length).replace(/[-.]+$/, '')}${ending}`;
};
