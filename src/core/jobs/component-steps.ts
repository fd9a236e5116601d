// What runs of components have in common, whatever a Job does for one: who may start, what is shown of progress, and what there is to say of each.
import type { ProgressLine } from '../../api/agent.ts';
import { cut } from '../plan/conditions.ts';

type Component = { name: string; outcome: string; message?: string | undefined };
export type ShownProgress = { component: string; phase: string; bytes: number; time: string };

// Those that run keep their place; the others start in their order while there is room.
export const stepAll = <C extends Component, Step extends { component: C }>(
  parallelism: number,
  components: C[],
  step: (component: C, mayStart: boolean) => Step,
): Step[] => {
  let room = parallelism - components.filter(({ outcome }) => outcome === 'Running').length;
  return components.map((component) => {
    const next = step(component, room > 0);
    if (component.outcome !== 'Running' && next.component.outcome === 'Running') {
      room -= 1;
    }
    return next;
  });
};

// A progress line of an agent as a status has it.
export const shownProgress = (component: string, { phase, bytes, time }: ProgressLine): ShownProgress => ({
  component,
  phase: cut(phase, 40),
  bytes,
  time,
});

export const newestProgress = <Progress extends { time: string }>(steps: { progress?: Progress }[]): Progress | undefined =>
  steps
    .flatMap(({ progress }) => progress ?? [])
    .toSorted((a, b) => a.time.localeCompare(b.time))
    .at(-1);

// What there is to say of each, with its name.
export const remarksOf = (components: Pick<Component, 'name' | 'message'>[]): string[] =>
  components.flatMap(({ name, message }) => (message === undefined ? [] : [`${name}: ${message}`]));
