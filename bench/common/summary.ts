// From single runs to medians.
import { median, spread } from './figures.ts';
import type { Spread } from './figures.ts';
import type { Others, Outcome, Target } from './contestant.ts';

export type Run = { set: string; target: Target; name: string; outcome: Outcome & Others };

export type Summary = {
  set: string;
  target: Target;
  name: string;
  seconds: Spread;
  cpuSeconds: Spread;
  serverCpuSeconds: Spread;
  s3CpuSeconds: Spread;
  peakRssMiB: Spread;
  bytes: Spread;
  objects: Spread;
  // Medians.
  extra: Record<string, number>;
};

const keyOf = ({ set, target, name }: Run): string => `${set} ${target} ${name}`;

export const summarize = (runs: Run[]): Summary[] => [...Map.groupBy(runs, keyOf).values()].map(ofOne);

const ofOne = (runs: Run[]): Summary => {
  const [{ set, target, name, outcome: first }] = runs as [Run, ...Run[]];
  const over = (pick: (outcome: Run['outcome']) => number): Spread => spread(runs.map(({ outcome }) => pick(outcome)));
  return {
    set,
    target,
    name,
    seconds: over((each) => each.seconds),
    cpuSeconds: over((each) => each.cpuSeconds),
    serverCpuSeconds: over((each) => each.serverCpuSeconds),
    s3CpuSeconds: over((each) => each.s3CpuSeconds),
    peakRssMiB: over((each) => each.peakRssMiB),
    bytes: over((each) => each.stored.bytes),
    objects: over((each) => each.stored.objects),
    extra: Object.fromEntries(
      Object.keys(first.extra ?? {}).map((key) => [key, median(runs.map(({ outcome }) => outcome.extra?.[key] ?? Number.NaN))]),
    ),
  };
};
