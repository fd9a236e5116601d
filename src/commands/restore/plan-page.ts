// A plan of recovery for people.
import type { RecoveryPlan } from '../../core/recovery/plan.ts';
import { durationText, sizeText, unknown } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import { renderTable } from '../common/table.ts';

export const planPage = (plan: RecoveryPlan, colours: Colours): string => {
  const facts: [string, string][] = [
    ['COMPONENT', `${plan.component} of ${plan.policy.namespace}/${plan.policy.name}, ${plan.form} copy`],
    ['REACHES', reaches(plan)],
    ['LOST', plan.lost],
    ['READS', `${sizeText(plan.fetchBytes)} from the store${readingText(plan)}`],
    ...(plan.form === 'physical' ? [takes(plan)] : []),
    [
      'VERSIONS',
      Object.entries(plan.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
  ];
  const steps = renderTable(
    {
      head: ['STEP', 'WHAT', 'SIZE'],
      rows: plan.steps.map(({ name, what, bytes }) => [name, oneLine(what), bytes === undefined ? '-' : sizeText(bytes)]),
    },
    { colours },
  );
  return [
    ...facts.map(([name, text]) => `${colours.bold(name.padEnd(9))}   ${oneLine(text)}\n`),
    '\n',
    steps,
    ...plan.notes.map((note) => `\n${oneLine(note)}\n`),
  ].join('');
};

// An estimate says what it was made from.
const readingText = ({ reading }: RecoveryPlan): string =>
  reading === undefined
    ? ''
    : `; at least ${durationText(reading.seconds * 1000)} at the ${sizeText(reading.bytesPerSecond)} a second that it gave just now`;

const takes = ({ spaceBytes, freeBytes }: RecoveryPlan): [string, string] => [
  'TAKES',
  `${spaceBytes === undefined ? unknown : sizeText(spaceBytes)} of room${freeBytes === undefined ? '' : `; ${sizeText(freeBytes)} are free`}`,
];

const reaches = ({ reaches: { time, lsn, timeline, target } }: RecoveryPlan): string =>
  [
    ...(target === undefined || time !== undefined ? [] : [`the WAL ${target}`]),
    ...(target !== undefined && time === undefined ? [] : [time === undefined ? 'the end of the backup' : `every commit before ${time}`]),
    ...(lsn === undefined ? [] : [`LSN ${lsn}`]),
    ...(timeline === undefined ? [] : [`timeline ${timeline}`]),
  ].join(', ');
