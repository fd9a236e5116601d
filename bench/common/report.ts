// The table for people and the line for scripts.
import { mebibytes, rounded } from './figures.ts';
import type { Spread } from './figures.ts';
import type { Goal } from './goals.ts';
import type { Summary } from './summary.ts';
import { table } from './table.ts';

const withRange = ({ median, min, max }: Spread): string => `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;

const oursBeside = (summaries: readonly Summary[], { set, target }: Summary): Summary | undefined =>
  summaries.find((each) => each.name === 'holdfast' && each.set === set && each.target === target);

const rowOf = (summaries: readonly Summary[], each: Summary): string[] => {
  const ours = oursBeside(summaries, each);
  return [
    each.name,
    withRange(each.seconds),
    ours === undefined ? '' : (ours.seconds.median / each.seconds.median).toFixed(2),
    each.cpuSeconds.median.toFixed(2),
    each.serverCpuSeconds.median.toFixed(2),
    each.target === 's3' ? each.s3CpuSeconds.median.toFixed(2) : '',
    each.peakRssMiB.max.toFixed(0),
    mebibytes(each.bytes.median).toFixed(1),
    each.objects.median.toFixed(0),
  ];
};

const head = ['', 'wall s (min–max)', 'us ÷ it', 'CPU s', 'server CPU s', 'S3 CPU s', 'peak MiB', 'stored MiB', 'objects'];

const targets = { s3: 'S3 over TLS', directory: 'a directory' };

// A table for each set and place. `titles`: what a set is called.
export const sections = (summaries: readonly Summary[], titles: Readonly<Record<string, string>>): string[] =>
  [...Map.groupBy(summaries, ({ set, target }) => `${titles[set] ?? set}, ${targets[target]}`)].map(
    ([title, group]) =>
      `\n${title}\n${table(
        head,
        group.map((each) => rowOf(summaries, each)),
      )}`,
  );

const signs = { 'at most': '≤', 'at least': '≥' };

export const goalTable = (goals: readonly Goal[]): string =>
  `\ngoals\n${table(
    ['', 'reached', 'goal', ''],
    goals.map(({ goal, value, bound, limit, met }) => [goal, value.toFixed(2), `${signs[bound]} ${limit}`, met ? 'met' : 'MISSED']),
  )}`;

const figuresOf = (each: Summary): Record<string, number> => ({
  seconds: rounded(each.seconds.median, 3),
  minSeconds: rounded(each.seconds.min, 3),
  maxSeconds: rounded(each.seconds.max, 3),
  cpuSeconds: rounded(each.cpuSeconds.median, 3),
  serverCpuSeconds: rounded(each.serverCpuSeconds.median, 3),
  ...(each.target === 's3' ? { s3CpuSeconds: rounded(each.s3CpuSeconds.median, 3) } : {}),
  peakRssMiB: rounded(each.peakRssMiB.max, 1),
  bytes: each.bytes.median,
  objects: each.objects.median,
  ...Object.fromEntries(Object.entries(each.extra).map(([key, value]) => [key, rounded(value, 3)])),
});

// One of the tables: us, peers, and us ÷ each peer.
const compared = (group: readonly Summary[]): object => {
  const ours = group.find(({ name }) => name === 'holdfast');
  const peers = group.filter(({ name }) => name !== 'holdfast');
  return {
    ...(ours === undefined ? {} : { us: figuresOf(ours) }),
    peers: Object.fromEntries(peers.map((each) => [each.name, figuresOf(each)])),
    ratios:
      ours === undefined ? {} : Object.fromEntries(peers.map((each) => [each.name, rounded(ours.seconds.median / each.seconds.median, 3)])),
  };
};

// The first table counts as the result; all of them are in `rows`.
export const forScripts = (summaries: readonly Summary[], goals: readonly Goal[], facts: object): object => {
  const rows = [...Map.groupBy(summaries, ({ set, target }) => `${set} ${target}`).values()].map((group) => ({
    set: group[0]?.set,
    target: group[0]?.target,
    ...compared(group),
  }));
  const { set: _set, target: _target, ...first } = rows[0] ?? {};
  return { ...facts, ...first, rows, goals: goals.map((goal) => ({ ...goal, value: rounded(goal.value, 3) })) };
};
