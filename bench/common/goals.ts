// What the project wants to reach, and whether this run did.

export type Goal = { goal: string; value: number; bound: 'at most' | 'at least'; limit: number; met: boolean };

// None where there is nothing to judge: what was left out was not missed.
export const atMost = (goal: string, value: number | undefined, limit: number): Goal[] =>
  value === undefined ? [] : [{ goal, value, bound: 'at most', limit, met: value <= limit }];

export const atLeast = (goal: string, value: number | undefined, limit: number): Goal[] =>
  value === undefined ? [] : [{ goal, value, bound: 'at least', limit, met: value >= limit }];

export const ratio = (ours: number | undefined, theirs: number | undefined): number | undefined =>
  ours === undefined || theirs === undefined ? undefined : ours / theirs;
