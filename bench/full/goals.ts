// What the project wants to reach, and whether this run did.
import { atMost, ratio } from '../common/goals.ts';
import type { Goal } from '../common/goals.ts';
import type { Summary } from '../common/summary.ts';

const bestBytes = (summaries: Summary[]): number | undefined => {
  const found = summaries.filter(({ name }) => name.startsWith('pgbackrest')).map(({ bytes }) => bytes.median);
  return found.length === 0 ? undefined : Math.min(...found);
};

const best = (summaries: Summary[]): number | undefined => {
  const found = summaries.filter(({ name }) => name.startsWith('pgbackrest')).map(({ seconds }) => seconds.median);
  return found.length === 0 ? undefined : Math.min(...found);
};

// The faster of pgBackRest's two ways is the one to beat.
export const goalsOf = (summaries: Summary[]): Goal[] => {
  const of = (set: string, target: string): Summary[] => summaries.filter((each) => each.set === set && each.target === target);
  const one = (set: string, target: string, name: string): Summary | undefined => of(set, target).find((each) => each.name === name);
  const mixed = one('mixed', 'directory', 'holdfast');
  const small = one('compressible', 'directory', 'holdfast');
  const remote = one('mixed', 's3', 'holdfast');
  const ours = summaries.filter(({ name }) => name === 'holdfast');
  return [
    ...atMost('directory ÷ pgBackRest', ratio(mixed?.seconds.median, best(of('mixed', 'directory'))), 0.85),
    ...atMost('directory ÷ pgBackRest, all compressible', ratio(small?.seconds.median, best(of('compressible', 'directory'))), 0.75),
    ...atMost('S3 ÷ pgBackRest', ratio(remote?.seconds.median, best(of('mixed', 's3'))), 0.8),
    ...atMost('directory ÷ limit', ratio(mixed?.seconds.median, one('mixed', 'directory', 'limit')?.seconds.median), 1.25),
    ...atMost(
      'directory ÷ limit, all compressible',
      ratio(small?.seconds.median, one('compressible', 'directory', 'limit')?.seconds.median),
      1.25,
    ),
    ...atMost('peak of memory, MiB', ours.length === 0 ? undefined : Math.max(...ours.map(({ peakRssMiB }) => peakRssMiB.max)), 256),
    ...atMost('stored bytes ÷ pgBackRest', ratio(mixed?.bytes.median, bestBytes(of('mixed', 'directory'))), 1.02),
    ...atMost('stored bytes ÷ pgBackRest, all compressible', ratio(small?.bytes.median, bestBytes(of('compressible', 'directory'))), 1.02),
    ...atMost('read-back ÷ age | zstd | sha256sum', ratio(mixed?.extra['readBackSeconds'], mixed?.extra['stockReadBackSeconds']), 1.3),
  ];
};
