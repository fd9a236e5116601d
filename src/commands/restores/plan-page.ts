// The plan of a Restore of the cluster, for people: what is read, what is overwritten, what is lost, and how long it takes.
import type { PlannedComponent } from '../../api/restore-status.ts';
import type { Restore } from '../../api/objects.ts';
import { durationText, sizeText, timeText, unknown } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import type { RestorePlan } from './plan.ts';

const labelWidth = 12;

type Paint = (text: string) => string;
const plain: Paint = (text) => text;

export const restorePlanPage = (restore: Restore, plan: RestorePlan, colours: Colours): string => {
  const { metadata, status } = restore;
  const workloads = workloadsOf(restore, plan);
  const line = (label: string, text: string, { indent = '', paint = plain }: { indent?: string; paint?: Paint } = {}): string =>
    `${indent}${colours.bold(label.padEnd(labelWidth - indent.length))}${paint(oneLine(text))}\n`;
  return [
    line('RESTORE', `${metadata.namespace}/${metadata.name}, ${status?.phase ?? unknown}`),
    line('PLAN', `${plan.hash}, made at ${timeText(plan.time)}`),
    line('READS', `${sizeText(plan.fetchBytes)} from the store${estimateText(plan.estimateSeconds)}`),
    ...(workloads === '' ? [] : [line('STOPS', workloads)]),
    ...(plan.notes ?? []).map((note) => line('NOTE', note)),
    ...plan.components.flatMap((component) => [
      `\n${colours.bold(oneLine(component.name))}\n`,
      ...factsOf(component, colours).map(([label, text, paint = plain]) => line(label, text, { indent: '  ', paint })),
    ]),
  ].join('');
};

export const estimateText = (seconds: number | undefined): string =>
  seconds === undefined
    ? '; how long that takes was not measured'
    : `; about ${durationText(seconds * 1000)} at the speed that was measured`;

// Painted when everything that the terminal must not see is out of it: it would take the colours for such.
const factsOf = (component: PlannedComponent, { red, yellow }: Colours): [string, string, Paint?][] => {
  const { target, overwrites, backupId, chain = [backupId], spaceBytes, lost, notes = [] } = component;
  return [
    ['INTO', target],
    overwrites === undefined ? ['REPLACES', 'nothing'] : ['REPLACES', overwrites, red],
    ['REACHES', reachesText(component)],
    ['LOST', lost, yellow],
    ['CHAIN', chain.join(', then ')],
    ['ROOM', spaceBytes === undefined ? `${unknown} before it is read` : sizeText(spaceBytes)],
    ...notes.map((note): [string, string] => ['NOTE', note]),
  ];
};

const reachesText = ({ reachesTime, reachesLsn, timeline }: PlannedComponent): string =>
  [
    ...(reachesTime === undefined ? [] : [`every commit before ${reachesTime}`]),
    ...(reachesLsn === undefined ? [] : [`LSN ${reachesLsn}`]),
    ...(timeline === undefined ? [] : [`timeline ${timeline}`]),
  ].join(', ') || 'the end of the backup';

// Those that are stopped already with their replicas, else those that the plan has found, or at least those that the spec names.
const workloadsOf = ({ spec, status }: Restore, plan: RestorePlan): string => {
  const named = (spec.quiesce?.workloads ?? []).map(({ kind, name }) => `${kind} ${name}`);
  const stopped = status?.quiesce?.workloads.map(({ kind, name, replicas }) => `${kind} ${name} (${replicas} replicas)`);
  return (stopped ?? plan.stops ?? named).join(', ');
};
